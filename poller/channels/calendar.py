"""Appointments as iCalendar files (RFC 5545, RFC 5546), by icalendar (https://github.com/collective/icalendar).

A frozen appointment: ``{id, file, method, uid, sequence, content}``; the content is the file itself, so that each
attempt stores the same bytes. It is stored as documents are, with the media type ``text/calendar; charset=utf-8;
method=REQUEST``; an e-mail step attaches it.

``invite`` and ``update`` are METHOD:REQUEST, an update with a higher SEQUENCE, and ``cancel`` is METHOD:CANCEL.
Calendars know an appointment by its ``uid``, which is why an update and a cancel have to name that of the invitation.
"""

import functools
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event, vCalAddress, vText

from . import Attempt, Call, Connection, Unsendable
from . import document as _document
from .document import Made

CHANNEL = "calendar"
SETTINGS: Mapping[str, str] = {}
SECRETS: Mapping[str, str] = {}
VARIABLES: Mapping[str, str] = {}
REQUIRED = ()
KEYS: Mapping[str, str] = {
    **dict.fromkeys(("summary", "description", "location", "url", "uid", "duration", "file"), "text"),
    **dict.fromkeys(("start", "end", "sequence"), "value"),
    **dict.fromkeys(("organizer", "attendees"), "addresses"),
}

METHODS = {"invite": "REQUEST", "update": "REQUEST", "cancel": "CANCEL"}

#: From which time changes are counted where the step gives no number: seconds since then fit a SEQUENCE until 2092.
_COUNTED_FROM = datetime(2024, 1, 1, tzinfo=UTC)

_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_NAMED = re.compile(r"\s*(?P<name>.*?)\s*<\s*(?P<address>[^<>]+?)\s*>\s*", re.DOTALL)
_ADDRESS = re.compile(r"[^\s@<>(),;:\"\\\[\]\x00-\x20\x7f]{1,64}@[\w.-]{1,253}")
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(weeks?|w|days?|d|hours?|hrs?|h|minutes?|mins?|m|seconds?|secs?|s)(?![a-z])\s*")
_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}

outcome = _document.outcome


def message(definition: Mapping[str, Any], connection: Connection, key: str, now: datetime) -> dict[str, Any]:
    """The appointment to freeze, from the rendered definition. Raises Unsendable naming the key that is wrong."""
    how = str(definition.get("method") or "invite")
    if how not in METHODS:
        raise Unsendable(f"method: {how[:20]!r} is not one of {', '.join(METHODS)}")
    uid = _line(definition.get("uid"), "uid")
    if not uid and how != "invite":
        raise Unsendable(f"uid is missing: calendars know by it which appointment the {how} is about")
    uid = uid or "{}.{}@pgwhen".format(*key.split(":"))
    sequence = _sequence(definition.get("sequence"), now)
    return {
        "id": str(_document.document_id(key)),
        "file": _document.file_name(definition.get("file") or "invite", "ics"),
        "method": METHODS[how],
        "uid": uid,
        "sequence": sequence,
        "content": _calendar(definition, METHODS[how], uid, sequence, now),
    }


def recipients(message: Mapping[str, Any]) -> list[str]:
    """It is stored, not sent: an e-mail step sends it."""
    return []


def request(message: Mapping[str, Any], attempt: Attempt) -> Call:
    """The file, as it was frozen."""
    return Call(functools.partial(_made, message), attempt.timeout)


async def _made(message: Mapping[str, Any]) -> Made:
    kind = f"text/calendar; charset=utf-8; method={message['method']}"
    more = {"uid": message["uid"], "sequence": message["sequence"]}
    return Made(message["id"], message["file"], kind, message["content"].encode("utf-8", "replace"), more)


def _calendar(definition: Mapping[str, Any], method: str, uid: str, sequence: int, now: datetime) -> str:
    start, end = _unambiguous(*_times(definition))
    event = Event()
    event.add("uid", uid)
    event.add("dtstamp", now.astimezone(UTC).replace(microsecond=0))
    event.add("sequence", sequence)
    event.add("dtstart", start)
    event.add("dtend", end)
    event.add("status", "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    event.add("summary", _text(definition.get("summary"), "summary") or _missing("summary"))
    for name in ("description", "location"):
        if text := _text(definition.get(name), name):
            event.add(name, text)
    if url := _line(definition.get("url"), "url"):
        if not re.fullmatch(r"https?://[^\s\"<>]+", url):
            raise Unsendable("url is not an http or https URL")
        event.add("url", url)
    organizer, attendees = (
        _people(definition.get("organizer"), "organizer"),
        _people(definition.get("attendees"), "attendees"),
    )
    if len(organizer) > 1:
        raise Unsendable("organizer is more than one address")
    if attendees and not organizer:
        raise Unsendable("organizer is missing: attendees answer to somebody")
    for person in organizer:
        event.add("organizer", person, encode=False)
    for person in attendees:
        for name, value in (("ROLE", "REQ-PARTICIPANT"), ("PARTSTAT", "NEEDS-ACTION"), ("RSVP", "TRUE")):
            person.params[name] = value
        event.add("attendee", person, encode=False)
    if definition.get("remind") and method != "CANCEL":
        event.add_component(_alarm(_duration(definition["remind"], "remind"), str(event["summary"])))
    calendar = Calendar()
    calendar.add("prodid", "-//pgwhen//pgwhen//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(event)
    # Of the zone's history only the years around the appointment are told.
    calendar.add_missing_timezones(date(start.year - 1, 1, 1), date(end.year + 2, 1, 1))
    content: bytes = calendar.to_ical()
    return content.decode()


def _alarm(before: timedelta, text: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("trigger", -before)
    alarm.add("description", text)
    return alarm


# ---------------------------------------------------------------- times


def _times(definition: Mapping[str, Any]) -> tuple[date, date]:
    """Begin and end: both dates (a day that the end is not part of), or both times in the zone of the appointment."""
    zone = _zone(definition.get("timezone"))
    start = _time(definition.get("start"), "start", zone)
    if definition.get("end") is not None:
        end = _time(definition["end"], "end", zone)
        if isinstance(start, datetime) != isinstance(end, datetime):
            raise Unsendable("start and end are not both dates or both times")
        if not isinstance(end, datetime):
            end += timedelta(days=1)  # people name the last day, the format the day after
    elif isinstance(start, datetime):
        # An hour is an hour, also in the night in which clocks change.
        lasts = _duration(definition.get("duration") or "1 hour", "duration")
        end = (start.astimezone(UTC) + lasts).astimezone(start.tzinfo)
    else:
        lasts = _duration(definition.get("duration") or "1 day", "duration")
        if lasts % timedelta(days=1):
            raise Unsendable("duration is not whole days, and start is a date")
        end = start + lasts
    if (
        (end.astimezone(UTC) <= start.astimezone(UTC))
        if isinstance(end, datetime) and isinstance(start, datetime)
        else end <= start
    ):
        raise Unsendable("end is not after start")
    return start, end


def _unambiguous(start: date, end: date) -> tuple[date, date]:
    """An hour that clocks go back to has the times of the one before it: there, both are in UTC."""
    if isinstance(start, datetime) and isinstance(end, datetime) and (start.fold or end.fold):
        return start.astimezone(UTC), end.astimezone(UTC)
    return start, end


def _zone(name: Any) -> tzinfo:
    try:
        return ZoneInfo(str(name or "UTC"))
    except (ValueError, KeyError, OSError):
        raise Unsendable(f"timezone: {str(name)[:60]!r} is not a time zone; write it like Europe/Amsterdam") from None


def _time(value: Any, key: str, zone: tzinfo) -> date:
    """A date, or a time in the zone; a time with an offset of its own is moved there."""
    text = str(value if value is not None else _missing(key)).strip()
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text):
            return date.fromisoformat(text)
        at = datetime.fromisoformat(text).replace(microsecond=0)
    except ValueError:
        raise Unsendable(f"{key}: {text[:60]!r} is not a date or time; write it like 2026-03-01T10:00") from None
    if not 1900 < at.year < 9990:
        raise Unsendable(f"{key}: the year of {text[:60]!r} is not possible")
    if at.tzinfo is not None:
        return at.astimezone(zone)
    at = at.replace(tzinfo=zone)
    # A time that the clocks leap over becomes the one that it would have been.
    return at.astimezone(UTC).astimezone(zone)


def _duration(value: Any, key: str) -> timedelta:
    """``1 hour 30 minutes``, ``90m``, ``01:30:00``."""
    text = str(value).strip().lower()
    if match := re.fullmatch(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?", text):
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        found = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    else:
        parts = _PART.findall(text)
        if not parts or _PART.sub("", text).replace("and", "").strip(" ,"):
            raise Unsendable(f"{key}: {text[:60]!r} is not a duration; write it like 1 hour 30 minutes")
        try:
            found = timedelta(seconds=round(sum(float(number) * _UNITS[unit[0]] for number, unit in parts)))
        except OverflowError:
            found = timedelta.max
    if not timedelta(0) < found <= timedelta(days=3_660):
        raise Unsendable(f"{key}: {text[:60]!r} is not possible")
    return found


def _sequence(value: Any, now: datetime) -> int:
    """The number of the change. Given none, the clock counts: what comes later is higher."""
    if value is None:
        return int((now - _COUNTED_FROM).total_seconds())
    if not re.fullmatch(r"\d{1,9}", str(value).strip()):
        raise Unsendable(f"sequence: {str(value)[:40]!r} is not a whole number from 0")
    return int(str(value))


# ---------------------------------------------------------------- texts and people


def _missing(key: str) -> Any:
    raise Unsendable(f"{key} is missing")


def _text(value: Any, key: str) -> str:
    """A text of several lines. The format escapes line breaks, so that a value cannot add properties."""
    text = str(value if value is not None else "").replace("\r\n", "\n").replace("\r", "\n").strip()
    if len(text) > 50_000:
        raise Unsendable(f"{key} is longer than 50,000 characters")
    return _CONTROL.sub("\ufffd", text)


def _line(value: Any, key: str) -> str:
    text = str(value if value is not None else "").strip()
    if _CONTROL.search(text) or "\n" in text or "\t" in text or len(text) > 500:
        raise Unsendable(f"{key} contains a line break or another control character, or is longer than 500")
    return text


def _people(values: Sequence[Any] | None, key: str) -> list[vCalAddress]:
    found = {}
    for value in values or ():
        if value is None or not str(value).strip():
            continue
        match = _NAMED.fullmatch(str(value))
        name, address = (match["name"], match["address"]) if match else ("", str(value).strip())
        if not _ADDRESS.fullmatch(address):
            raise Unsendable(f"{key}: {str(value).strip()[:100]!r} is not an e-mail address", "recipient")
        person = vCalAddress(f"mailto:{address}")
        if name := _line(name.strip('"'), key).replace('"', "'"):
            person.params["CN"] = vText(name)
        found[address.lower()] = person
    return list(found.values())
