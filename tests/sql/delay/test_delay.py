"""Delays as people write them: what is refused, and what executions do."""

import pytest

from tests.sql.language.support import Connection, errors, problems, workflow, yaml
from tests.sql.wait.support import DONE, TABLES, App

WEEK = {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "09:00", "to": "17:00"}

RIGHT = """
- {for: 1 day, at: "09:00"}
- {at: "09:00", timezone: America/New_York}
- {at: "{{ job.at_time }}", timezone: "{{ job.data.zone }}"}
- {window: {days: [mon, sun]}}
- {window: {from: "22:00", to: "06:00"}}
- {window: {holidays: [2026-12-25, 2026-12-26]}}
- {until: "{{ job.due_at }}", past: skip, window: {from: "08:00", holidays: {table: free_days, column: day}}}
- {until: 2030-01-31T09:00, timezone: Asia/Tokyo, past: fail}
- working: 8 hours
  window: {to: "12:00", holidays: {table: free_days, column: day, where: {city: "{{ job.client.city }}"}}}
- {working: "{{ job.takes }}", window: {to: "24:00"}}
- {until: "{{ job.due_at }}", at: "23:00", window: {from: "22:00", to: "06:00"}}
"""

WRONG = [
    ("{working: 8 hours}", "WF014", ".working"),
    ("{working: 1 day, window: {to: '12:00'}}", "WF011", ".working"),
    ("{working: -1 hour, window: {to: '12:00'}}", "WF011", ".working"),
    ("{working: 1 hour, at: '09:00', window: {to: '12:00'}}", "WF014", ".at"),
    ("{working: 1 hour, for: 1 hour, window: {to: '12:00'}}", "WF005", ""),
    ("{working: 1 hour, offset: 1 hour, window: {to: '12:00'}}", "WF014", ".offset"),
    ("{at: '09:00', offset: 1 hour}", "WF014", ".offset"),
    ("{for: 1 hour, past: skip}", "WF014", ".past"),
    ("{until: now, past: later}", "WF012", ".past"),
    ("{at: noon}", "WF021", ".at"),
    ("{at: '09:00', timezone: Mars/Olympus}", "WF012", ".timezone"),
    ("{window: {}}", "WF005", ".window"),
    ("{window: {days: []}}", "WF002", ".window.days"),
    ("{window: {days: [monday]}}", "WF012", ".window.days[0]"),
    ("{window: {from: 9 am}}", "WF002", ".window.from"),
    ("{window: {from: '09:00', to: '09:00'}}", "WF090", ".window"),
    ("{window: {to: '00:00'}}", "WF090", ".window"),
    ("{window: {hours: 9-17}}", "WF003", ".window.hours"),
    ("{window: {holidays: [christmas]}}", "WF011", ".window.holidays"),
    ("{window: {holidays: [2026-02-30]}}", "WF011", ".window.holidays"),
    ("{window: {holidays: 2026-12-25}}", "WF002", ".window.holidays"),
    ("{at: '20:00', window: {from: '09:00', to: '17:00'}}", "WF090", ".at"),
    ("{at: '24:00', window: {from: '09:00', to: '17:00'}}", "WF090", ".at"),
    ("{window: {holidays: {table: free_days}}}", "WF005", ".window.holidays"),
    ("{window: {holidays: {table: none_such, column: day}}}", "WF015", ".window.holidays.table"),
    ("{window: {holidays: {table: free_days, column: dag}}}", "WF016", ".window.holidays.column"),
    ("{window: {holidays: {table: free_days, column: city}}}", "WF091", ".window.holidays.column"),
    ("{window: {holidays: {table: closed_days, column: day}}}", "WF053", ".window.holidays"),
]

FREE = """
create table free_days (day date, city text); grant select on free_days to pgwhen_actions;
create table closed_days (day date primary key);
"""


def test_right_delays(own: Connection) -> None:
    own.execute(FREE)
    for keys in yaml(RIGHT):
        assert problems(own, workflow({"id": "d", "type": "delay"} | keys)) == [], keys


@pytest.mark.parametrize(("keys", "code", "path"), WRONG)
def test_wrong_delays(own: Connection, keys: str, code: str, path: str) -> None:
    own.execute(FREE)
    assert errors(own, workflow({"id": "d", "type": "delay"} | yaml(keys))) == [(code, f"steps[0]{path}")]


@pytest.fixture
def app(db: Connection) -> App:
    """Leads that wait."""
    db.execute(TABLES)
    db.execute("grant select on leads to pgwhen_actions")
    app = App(db)
    app.at("2026-01-01T00:00:00Z")
    return app


def wake(app: App) -> str | None:
    """When the only sleeper is due, in UTC."""
    row = app.db.execute(
        "select to_char(due_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI') from pgwhen.sleepers"
    ).fetchone()
    return None if row is None else str(row[0])


def delay(**keys: object) -> dict[str, object]:
    return {"id": "d", "type": "delay"} | {key.rstrip("_"): value for key, value in keys.items()}


def test_it_sleeps_until_its_window_opens(app: App) -> None:
    app.apply(delay(for_="1 hour", window=WEEK), DONE, timezone="Europe/Amsterdam")
    app.at("2026-01-09T16:30:00Z")
    app.run("insert into leads values (1)")
    assert wake(app) == "2026-01-12 08:00"
    app.at("2026-01-12T08:00:00Z")
    app.tick()
    assert app.steps() == {"d": "completed", "done": "queued"}


def test_woken_late_it_keeps_to_its_window(app: App) -> None:
    app.apply(delay(for_="1 hour", window=WEEK), DONE)
    app.at("2026-01-05T12:00:00Z")
    app.run("insert into leads values (1)")
    app.at("2026-01-05T22:00:00Z")
    app.tick()
    assert (app.steps(), wake(app)) == ({"d": "sleeping"}, "2026-01-06 09:00")


@pytest.mark.parametrize(
    ("past", "status", "done"),
    [("run", "completed", "queued"), ("skip", "skipped", "queued"), ("fail", "failed", None)],
)
def test_what_is_past_when_it_begins(app: App, past: str, status: str, done: str | None) -> None:
    app.apply(delay(until="{{ lead.call_at }}", past=past), DONE)
    app.at("2026-01-05T12:00:00Z")
    app.run("insert into leads (id, call_at) values (1, '2026-01-05 11:00Z')")
    assert app.steps() == ({"d": status, "done": done} if done else {"d": status})
    if past == "fail":
        assert app.step("d", "error")["code"] == "past"
    elif past == "skip":
        assert app.step("d", "reason") == "its time was past: 2026-01-05T11:00:00+00:00"


def test_what_is_due_now_is_not_past(app: App) -> None:
    app.apply(delay(until="{{ lead.call_at }}", past="fail"), DONE)
    app.at("2026-01-05T12:00:00Z")
    app.run("insert into leads (id, call_at) values (1, '2026-01-05 12:00Z')")
    assert app.steps() == {"d": "completed", "done": "queued"}


def test_a_date_that_moved_to_later_is_waited_for(app: App) -> None:
    app.apply(delay(until="{{ lead.call_at }}", offset="-1 day", at="09:00"), DONE)
    app.at("2026-01-05T12:00:00Z")
    app.run("insert into leads (id, call_at) values (1, '2026-01-08 15:00Z')")
    assert wake(app) == "2026-01-08 09:00"
    app.run("update leads set call_at = '2026-01-10 08:00Z'")
    assert wake(app) == "2026-01-09 09:00"


def test_zone_and_time_of_day_from_the_record(app: App) -> None:
    app.db.execute("alter table leads add column zone text, add column call_time time")
    app.apply(delay(until="2026-07-01", at="{{ lead.call_time }}", timezone="{{ lead.zone }}"), DONE)
    app.at("2026-01-05T12:00:00Z")
    app.run("insert into leads (id, zone, call_time) values (1, 'America/New_York', '10:30')")
    assert wake(app) == "2026-07-01 14:30"


def test_a_zone_that_is_none_fails_the_step(app: App) -> None:
    app.apply(delay(at="09:00", timezone="{{ lead.name }}"), DONE)
    app.run("insert into leads (id, name) values (1, 'Mars')")
    assert app.step("d", "error")["code"] == "WF144"


@pytest.mark.parametrize("keys", [{"for_": "1 hour"}, {"working": "1 hour"}, {"at": "09:30"}], ids=str)
def test_holidays_from_a_table_are_read_again_at_wake(app: App, keys: dict[str, object]) -> None:
    app.db.execute("create table free (day date, kind text); grant select on free to pgwhen_actions")
    app.db.execute("insert into free values ('2026-01-06', 'public'), ('2026-01-07', 'other')")
    where = {"table": "free", "column": "day", "where": {"kind": "{{ lead.status }}"}}
    app.apply(delay(window=WEEK | {"holidays": where}, **keys), DONE)
    app.at("2026-01-05T16:30:00Z")
    app.run("insert into leads (id, status) values (1, 'public')")
    first = wake(app)
    assert first is not None and first.startswith("2026-01-07 09:")
    app.db.execute("insert into free values ('2026-01-07', 'public')")
    app.at(first.replace(" ", "T") + ":00Z")
    app.tick()
    assert wake(app) == first.replace("01-07", "01-08")
    app.at("2026-01-08T10:00:00Z")
    app.tick()
    assert app.steps() == {"d": "completed", "done": "queued"}


def test_many_delays_one_of_which_cannot_be_computed(app: App) -> None:
    app.apply(delay(until="{{ lead.call_at }}", window=WEEK), DONE)
    app.at("2026-01-05T12:00:00Z")
    app.run(
        "insert into leads (id, call_at) select n, case when n <> 7 then timestamptz '2026-01-10 08:00Z' end"
        " from generate_series(1, 20) n"
    )
    rows = app.db.execute(
        "select status, count(*) from pgwhen.execution_steps where step_id = 'd' group by 1 order by 1"
    )
    assert rows.fetchall() == [("failed", 1), ("sleeping", 19)]
