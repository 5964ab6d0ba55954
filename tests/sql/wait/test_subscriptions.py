"""What is captured and recorded because executions may wait for it, from publish until the last of them has ended."""

from tests.sql.wait.support import NOTHING, App, wait

REPLY = wait(table="lead_messages", row="created", match={"lead_id": "{{ lead.id }}"})


def archive(app: App, name: str = "wf") -> None:
    app.db.execute("select pgwhen.archive_workflow(%s)", [name])


def maintain(app: App) -> None:
    app.db.execute("select pgwhen.maintain()")


def test_publish_subscribes_to_what_is_waited_for(app: App) -> None:
    app.run("insert into lead_messages values (1, 1)")
    assert app.count("pgwhen.events") == 0
    app.apply(REPLY, on_deleted="continue")
    assert app.subscriptions() == {"leads.insert", "lead_messages.insert"}
    app.run("insert into lead_messages values (2, 1)", "update lead_messages set body = 'x'")
    assert app.count("pgwhen.events") == 1 and app.count("pgwhen.watched_events") == 1


def test_events_that_nobody_may_wait_for_are_not_indexed(app: App) -> None:
    app.apply(wait(event="a"), on_deleted="continue")
    app.emit("b")
    app.run("insert into leads values (1, 'Ann')")
    assert app.count("pgwhen.events") == 2 and app.count("pgwhen.watched_events") == 0


def test_a_version_is_watched_for_until_its_executions_have_ended(app: App) -> None:
    app.apply(REPLY, on_deleted="continue")
    app.run("insert into leads values (1, 'Ann')")
    app.apply({"id": "pause", "type": "delay", "for": "1 day"})
    app.at("2026-01-10T12:00:00Z")
    maintain(app)
    assert "lead_messages.insert" in app.subscriptions()
    app.run("insert into lead_messages values (1, 1)")
    assert app.execution() == "completed"
    maintain(app)
    assert app.subscriptions() == {"leads.insert"} and app.count("pgwhen.watch_keys") == 0
    assert app.left() == NOTHING


def test_an_archived_workflow_goes_on_waiting(app: App) -> None:
    app.apply(REPLY, on_deleted="continue")
    app.run("insert into leads values (1, 'Ann')")
    archive(app)
    assert app.subscriptions() == {"lead_messages.insert"}
    app.at("2026-01-10T12:00:00Z")
    maintain(app)
    app.run("insert into lead_messages values (1, 1)")
    assert app.execution() == "completed"
    maintain(app)
    assert app.subscriptions() == set() and app.count("pgwhen.watches") == 0


def test_a_replaced_version_is_watched_for_a_day(app: App) -> None:
    """A tick that began before the publish may be starting an execution of it."""
    app.apply(REPLY, on_deleted="continue")
    app.apply({"id": "pause", "type": "delay", "for": "1 day"})
    assert "lead_messages.insert" in app.subscriptions()
    app.at("2026-01-06T12:00:01Z")
    maintain(app)
    assert app.subscriptions() == {"leads.insert"}


def test_maintain_forgets_events_that_no_wait_can_take(app: App) -> None:
    app.apply(wait(event="a", match={"n": 1}), on_deleted="continue")
    app.emit("a", n=2)
    app.run("insert into leads values (1, 'Ann')")
    app.emit("a", n=3)
    app.tick()
    app.at("2026-01-20T12:00:00Z")
    maintain(app)
    assert app.count("pgwhen.watched_events") == 2, "the execution began in the same millisecond"
    app.emit("a", n=1)
    app.tick()
    maintain(app)
    assert app.execution() == "completed" and app.count("pgwhen.watched_events") == 1
    app.at("2026-02-25T12:00:00Z")
    maintain(app)
    assert app.count("pgwhen.watched_events") == 0 and app.count("pgwhen.taken_events") == 0


def test_two_ticks_at_once_give_an_event_to_one(app: App, connect: object) -> None:
    app.apply(REPLY, on_deleted="continue")
    app.run("insert into leads values (1, 'Ann')")
    app.db.execute("insert into lead_messages values (1, 1)")
    other = connect(autocommit=False)  # type: ignore[operator]
    other.execute("select set_config('pgwhen.now', '2026-01-05T12:00:00Z', false)")
    other.execute("select pgwhen.tick()")
    assert app.tick()["single_flight"] is False
    other.rollback()
    assert app.execution() == "waiting"
    app.tick()
    assert app.execution() == "completed"


def test_detach_and_doctor_name_those_that_wait(app: App) -> None:
    app.apply(REPLY, on_deleted="continue")
    app.run("insert into leads values (1, 'Ann')")
    said: list[str] = []
    app.db.add_notice_handler(lambda diagnostic: said.append(diagnostic.message_primary or ""))
    app.db.execute("do $$ begin perform pgwhen.detach('lead_messages'); end $$")
    assert "executions of wf that wait for a change of public.lead_messages will not see it" in said
    found = app.db.execute("select detail from pgwhen._doctor_workflows() where status = 'error'").fetchall()
    assert found == [("executions of wf wait for public.lead_messages, which is not attached",)]
    app.db.execute("select pgwhen.attach('lead_messages')")
    app.run("insert into lead_messages values (1, 1)")
    assert app.execution() == "completed"
