"""What a poller needs."""

import json

from tests.sql.engine.support import Connection, define, happen, tick

QUERY = "select channel, connection, workflows, secrets from pgwhen.list_channels()"


def test_by_channel_and_connection(db: Connection) -> None:
    steps = [{"id": "a", "type": "email"}, {"id": "b", "type": "email"}, {"id": "c", "type": "stop"}]
    first = define(db, steps, name="first")
    define(db, [{"id": "a", "type": "email"}], name="second", attachment_id=first.attachment_id)
    db.execute("""update pgwhen.steps set definition = '{"connection": "resend"}' where step_id = 'b'""")
    assert db.execute(QUERY).fetchall() == [
        ("email", "resend", ["first"], []),
        ("email", None, ["first", "second"], []),
    ]


def test_secrets_are_found_wherever_they_stand(db: Connection) -> None:
    definition = {
        "headers": {"A": "Bearer {{ secret('env:ONE') }}", "B": '{{ secret( "env:TWO" ) }}{{ secret("env:ONE") }}'},
        "url": "https://x/secret('env:not a name')",
    }
    define(db, [{"id": "a"}])
    db.execute("update pgwhen.steps set definition = %s", [json.dumps(definition)])
    assert db.execute(QUERY).fetchall() == [("http", None, ["w"], ["ONE", "TWO"])]


def test_an_archived_workflow_counts_while_executions_of_it_run(db: Connection) -> None:
    happen(db, define(db, [{"id": "a"}]), {"id": 1})
    tick(db)
    db.execute("update pgwhen.workflows set status = 'archived'")
    assert len(db.execute(QUERY).fetchall()) == 1
    db.execute("select pgwhen.cancel_executions(array_agg(execution_id)) from pgwhen.executions")
    assert db.execute(QUERY).fetchall() == []
