"""Appointments: golden files, time zones, and values that try to be more than text."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import icalendar
import psycopg
import pytest

from pgwhen.poller.channels import Unsendable
from pgwhen.poller.outcome import Outcome
from tests.poller.local_support import emit, message, perform, published, steps

BASE: dict[str, Any] = {"summary": "Boiler", "start": "2026-03-01T10:00:00+00:00", "sequence": 3}


def event(**definition: Any) -> Any:
    """The event of the calendar that the library's own parser reads."""
    return next(iter(read(message("calendar", **(BASE | definition))["content"]).walk("VEVENT")))


def read(content: str) -> Any:
    (calendar,) = icalendar.Calendar.from_ical(content, multiple=True)
    assert not calendar.errors and not [e for part in calendar.walk() for e in part.errors]
    return calendar


def test_the_whole_file() -> None:
    frozen = message(
        "calendar",
        summary="Boiler, großer Termin",
        description="Line one\nLine two; with, signs",
        location="Łódź",
        url="https://example.com/a?b=1",
        uid="job-7@example.com",
        sequence="2",
        start="2026-03-01T10:00:00+00:00",
        duration="1 hour 30 minutes",
        timezone="Europe/Amsterdam",
        organizer=["Büro <office@example.com>"],
        attendees=["Zoë <zoe@example.com>", "a@example.com"],
        remind="15 minutes",
    )
    assert frozen["file"] == "invite.ics" and frozen["method"] == "REQUEST"
    assert frozen["content"].split("BEGIN:VTIMEZONE")[0] == (
        "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//pgwhen//pgwhen//EN\r\nMETHOD:REQUEST\r\n"
    )
    assert frozen["content"].split("END:VTIMEZONE\r\n")[1] == (
        "BEGIN:VEVENT\r\n"
        "SUMMARY:Boiler\\, großer Termin\r\n"
        "DTSTART;TZID=Europe/Amsterdam:20260301T110000\r\n"
        "DTEND;TZID=Europe/Amsterdam:20260301T123000\r\n"
        "DTSTAMP:20250301T120000Z\r\n"
        "UID:job-7@example.com\r\n"
        "SEQUENCE:2\r\n"
        "ATTENDEE;CN=Zoë;PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTICIPANT;RSVP=TRUE:mail\r\n"
        " to:zoe@example.com\r\n"
        "ATTENDEE;PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTICIPANT;RSVP=TRUE:mailto:a@exa\r\n"
        " mple.com\r\n"
        "DESCRIPTION:Line one\\nLine two\\; with\\, signs\r\n"
        "LOCATION:Łódź\r\n"
        "ORGANIZER;CN=Büro:mailto:office@example.com\r\n"
        "STATUS:CONFIRMED\r\n"
        "URL:https://example.com/a?b=1\r\n"
        "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Boiler\\, großer Termin\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\n"
        "END:VEVENT\r\nEND:VCALENDAR\r\n"
    )
    read(frozen["content"])


def test_a_cancel_says_so_twice_and_does_not_remind() -> None:
    frozen = message("calendar", **BASE, method="cancel", uid="job-7", remind="1 hour")
    (found,) = read(frozen["content"]).walk("VEVENT")
    assert frozen["method"] == "CANCEL" and "METHOD:CANCEL\r\n" in frozen["content"]
    assert found["STATUS"] == "CANCELLED" and found["UID"] == "job-7" and not found.walk("VALARM")


def test_an_update_and_a_cancel_need_the_uid_of_their_invitation() -> None:
    for method in ("update", "cancel"):
        with pytest.raises(Unsendable, match=f"uid is missing: calendars know by it which appointment the {method}"):
            message("calendar", **BASE, method=method)
    assert event()["UID"] == "0190-ex.thank@pgwhen"


def test_a_later_change_has_a_higher_number() -> None:
    from pgwhen.poller.channels import Connection, adapter

    def at(now: datetime) -> int:
        definition = {"summary": "x", "start": "2026-03-01", "uid": "u", "method": "update"}
        frozen = adapter("calendar").message(definition, Connection("calendar", "calendar"), "e:s:1:0", now)
        (found,) = read(frozen["content"]).walk("VEVENT")
        return int(found["SEQUENCE"])

    first = at(datetime(2026, 1, 1, tzinfo=UTC))
    assert first < at(datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)) < 2**31
    assert at(datetime(2090, 1, 1, tzinfo=UTC)) < 2**31


# ---------------------------------------------------------------- times


def test_whole_days() -> None:
    found = event(start="2026-12-24", end="2026-12-26", timezone="Europe/Amsterdam")
    assert found.start == date(2026, 12, 24) and found.end == date(2026, 12, 27), "the format names the day after"
    assert event(start="2026-12-24").end == date(2026, 12, 25)
    assert event(start="2026-12-24", duration="2 weeks").end == date(2027, 1, 7)


@pytest.mark.parametrize(
    ("start", "local", "length"),
    [
        # Clocks go from 02:00 to 03:00 on 29 March and from 03:00 back to 02:00 on 25 October 2026.
        ("2026-03-29T01:30", "20260329T013000", timedelta(hours=2)),
        ("2026-03-29T02:30", "20260329T033000", timedelta(hours=2)),
        ("2026-10-25T00:30", "20261025T003000", timedelta(hours=2)),
        ("2026-10-24T23:00:00+00:00", "20261025T010000", timedelta(hours=3)),
        ("2026-07-01T12:00:00Z", "20260701T140000", timedelta(hours=2)),
        ("2026-01-01T12:00:00-05:00", "20260101T180000", timedelta(hours=2)),
    ],
)
def test_an_hour_is_an_hour_when_clocks_change(start: str, local: str, length: timedelta) -> None:
    frozen = message("calendar", **(BASE | {"start": start, "duration": f"{length}", "timezone": "Europe/Amsterdam"}))
    assert f"DTSTART;TZID=Europe/Amsterdam:{local}\r\n" in frozen["content"]
    found = event(start=start, duration=f"{length}", timezone="Europe/Amsterdam")
    assert found.end.astimezone(UTC) - found.start.astimezone(UTC) == length


def test_the_hour_that_comes_twice_is_in_utc() -> None:
    first = message("calendar", **(BASE | {"start": "2026-10-25T00:30:00Z", "timezone": "Europe/Amsterdam"}))
    assert "DTSTART:20261025T003000Z\r\nDTEND:20261025T013000Z\r\n" in first["content"], "its end is 02:30 again"
    second = message("calendar", **(BASE | {"start": "2026-10-25T01:30:00Z", "timezone": "Europe/Amsterdam"}))
    assert "DTSTART:20261025T013000Z" in second["content"]


def test_a_zone_is_told_with_its_rules_and_utc_is_not() -> None:
    calendar = read(message("calendar", **BASE, timezone="America/New_York")["content"])
    (zone,) = calendar.timezones
    assert zone.tz_name == "America/New_York"
    assert len(zone.to_ical()) < 1_500, "the years around the appointment only"
    content = message("calendar", **BASE)["content"]
    assert "DTSTART:20260301T100000Z" in content and "VTIMEZONE" not in content


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90 minutes", 5400), ("1h30m", 5400), ("01:30:00", 5400), ("1 hour and 30 min", 5400), ("1.5 hours", 5400)],
)
def test_durations_as_people_write_them(text: str, seconds: int) -> None:
    found = event(duration=text)
    assert (found.end - found.start).total_seconds() == seconds


@pytest.mark.parametrize(
    ("definition", "text"),
    [
        ({"summary": " "}, "summary is missing"),
        ({"summary": None}, "summary is missing"),
        ({"start": "tomorrow"}, "start: 'tomorrow' is not a date or time"),
        ({"start": None}, "start is missing"),
        ({"start": "0001-01-01T00:00"}, "the year of '0001-01-01T00:00' is not possible"),
        ({"start": "9999-12-31T23:00"}, "is not possible"),
        ({"end": "2026-03-01T09:00:00+00:00"}, "end is not after start"),
        ({"end": "2026-03-02"}, "start and end are not both dates or both times"),
        ({"start": "2026-03-01", "duration": "1 hour"}, "duration is not whole days"),
        ({"duration": "soon"}, "duration: 'soon' is not a duration"),
        ({"duration": "0 hours"}, "is not possible"),
        ({"duration": "9" * 400 + " days"}, "is not possible"),
        ({"timezone": "Mars/Olympus"}, "'Mars/Olympus' is not a time zone"),
        ({"timezone": "../../etc/passwd"}, "is not a time zone"),
        ({"organizer": ["nobody"]}, "organizer: 'nobody' is not an e-mail address"),
        ({"attendees": ["a@example.com"]}, "organizer is missing"),
        ({"organizer": ["a@example.com", "b@example.com"]}, "organizer is more than one address"),
        ({"url": "javascript:alert(1)"}, "url is not an http or https URL"),
        ({"uid": "a\r\nATTENDEE:mailto:evil@example.com"}, "uid contains a line break"),
        ({"sequence": -1}, "sequence: '-1' is not a whole number"),
        ({"method": "publish"}, "'publish' is not one of invite, update, cancel"),
        ({"description": "x" * 50_001}, "description is longer"),
    ],
)
def test_what_is_wrong_is_named(definition: dict[str, Any], text: str) -> None:
    with pytest.raises(Unsendable, match=text):
        message("calendar", **(BASE | definition))


# ---------------------------------------------------------------- hostile values

EVIL = "x\r\nATTENDEE:mailto:evil@example.com\nEND:VEVENT\rBEGIN:VEVENT\x00\x1b\u2028\u0085{{ secret('env:X') }}"


@pytest.mark.parametrize("key", ["summary", "description", "location"])
def test_a_line_break_is_text_and_never_a_property(key: str) -> None:
    found = event(**{key: EVIL})
    assert "ATTENDEE" not in found and len(list(found.walk("VEVENT"))) == 1
    assert str(found[key]).startswith("x\nATTENDEE:mailto:evil@example.com\nEND:VEVENT\nBEGIN:VEVENT")
    assert "\x00" not in str(found[key]) and "\x1b" not in str(found[key])


@pytest.mark.parametrize(
    "person",
    ["x\r\nATTENDEE:mailto:evil@example.com <a@example.com>", "a@example.com\r\nX:1", "a@example.com\nBEGIN:VEVENT"],
)
def test_a_name_cannot_add_people(person: str) -> None:
    with pytest.raises(Unsendable):
        message("calendar", **BASE, organizer=[person])


def test_signs_in_names_stay_in_names() -> None:
    found = event(organizer=['"Jan "x"; ATTENDEE=evil: de Vries" <jan@example.com>'])
    assert found["ORGANIZER"] == "mailto:jan@example.com"
    assert found["ORGANIZER"].params["CN"] == "Jan 'x'; ATTENDEE=evil: de Vries"


def test_long_lines_are_folded_between_letters() -> None:
    frozen = message("calendar", **(BASE | {"summary": "é€😀" * 500}))
    lines = frozen["content"].encode().split(b"\r\n")
    assert max(map(len, lines)) <= 75 and all(line.decode() for line in lines if line)
    (found,) = read(frozen["content"]).walk("VEVENT")
    assert str(found["SUMMARY"]) == "é€😀" * 500


# ---------------------------------------------------------------- in the engine


def test_it_is_stored_with_its_method(dsn: str, db: psycopg.Connection[Any]) -> None:
    name = published(
        db,
        {
            "type": "calendar",
            "summary": "Visit to {{ input.who }}",
            "start": "{{ input.at }}",
            "uid": "visit-{{ input.id }}",
            "timezone": "Europe/Amsterdam",
            "organizer": "office@example.com",
            "attendees": ["{{ input.email }}"],
        },
    )
    emit(db, name, {"who": "Łukasz", "at": "2026-07-01T08:00:00Z", "id": 7, "email": "l@example.com"})
    found = steps(db, dsn, name)["s1"]
    assert found["status"] == "completed", found
    row = db.execute("select media_type, content from pgwhen.get_document(%s)", [found["output"]["id"]]).fetchone()
    assert row and row[0] == "text/calendar; charset=utf-8; method=REQUEST" == found["output"]["media_type"]
    (made,) = read(bytes(row[1]).decode()).walk("VEVENT")
    assert (made["UID"], made["SUMMARY"]) == ("visit-7", "Visit to Łukasz")
    assert (found["output"]["uid"], found["output"]["sequence"]) == ("visit-7", made["SEQUENCE"])
    assert made["DTSTART"].to_ical() == b"20260701T100000"


def test_the_zone_of_the_workflow_is_that_of_its_appointments(dsn: str, db: psycopg.Connection[Any]) -> None:
    step = {"type": "calendar", "summary": "x", "start": "2026-07-01T12:00:00Z"}
    name = published(db, step, timezone="America/New_York")
    emit(db, name)
    output = steps(db, dsn, name)["s1"]["output"]
    row = db.execute("select content from pgwhen.get_document(%s)", [output["id"]]).fetchone()
    assert row and b"DTSTART;TZID=America/New_York:20260701T080000" in bytes(row[0])
    execution = db.execute("select execution_id::text from pgwhen.executions").fetchone()
    assert execution and output["uid"] == f"{execution[0]}.s1@pgwhen"


def test_an_email_takes_it_along(dsn: str, db: psycopg.Connection[Any]) -> None:
    from tests.servers import mail_server

    email = {
        "type": "email",
        "to": "a@example.com",
        "subject": "Visit",
        "text": "See the invitation.",
        "attachments": [{"document": "{{ steps.s1.output.id }}"}],
    }
    name = published(db, {"type": "calendar", "summary": "Łódź", "start": "2026-07-01"}, email)
    emit(db, name)
    with mail_server() as server:
        found = steps(db, dsn, name, {"SMTP_URL": server.url, "SMTP_FROM": "office@acme.example"})
        assert found["s2"]["status"] == "completed", found["s2"]
        (attachment,) = server.received[0].message.iter_attachments()
    assert attachment.get_filename() == "invite.ics" and attachment.get_content_type() == "text/calendar"
    assert attachment.get_param("method") == "REQUEST"
    content = attachment.get_payload(decode=True)
    (made,) = read(content.decode()).walk("VEVENT")
    assert made["SUMMARY"] == "Łódź"


def test_the_same_bytes_each_time() -> None:
    frozen = message("calendar", **BASE)
    first, second = perform("calendar", frozen), perform("calendar", frozen)
    assert isinstance(first, Outcome) and first == second and first.class_ == "ok"
