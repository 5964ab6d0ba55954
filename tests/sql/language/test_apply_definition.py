"""apply_definition: what it writes, what it says, and what it refuses."""

import json
import re
import threading
from typing import Any

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.language.support import SMS, apply, call, problems, sms, workflow, workflow_id
from tests.sql.language.test_normalise_definition import SEED
from tests.sql.language.test_validate_definition import RICH

Connection = psycopg.Connection[Any]


def rows(db: Connection, query: str, *values: Any) -> list[Any]:
    return [row[0] if len(row) == 1 else row for row in db.execute(query, values).fetchall()]


def keys(db: Connection, name: str = "w") -> list[str]:
    query = """
        select match_key from pgwhen.trigger_keys join pgwhen.workflows w using (workflow_id)
        where w.workflow = %s order by 1
    """
    return [
        re.sub(rf"^(insert|update|delete|truncate):{attachment(db)}", r"\1:jobs", key) for key in rows(db, query, name)
    ]


def attachment(db: Connection, table: str = "jobs") -> int:
    (found,) = rows(db, "select attachment_id from pgwhen.attachments where table_name = %s", table)
    return int(found)


def test_seed_003_as_printed(own: Connection) -> None:
    plan = apply(own, SEED)
    assert (plan["plan"], plan["workflow"], plan["version"], plan["status"], plan["warnings"]) == (
        "created",
        "job_completed",
        1,
        "active",
        [],
    )
    assert keys(own, "job_completed") == ["insert:jobs:status=completed", "update:jobs:status=completed"]
    (compiled,) = rows(own, "select compiled from pgwhen.versions")
    assert compiled["reads"] == [
        {"path": ["job"], "kind": "record", "attachment": attachment(own), "columns": ["client_id", "title"]},
        {
            "path": ["job", "client"],
            "kind": "reference",
            "from": ["job"],
            "from_columns": ["client_id"],
            "table": "public.clients",
            "to_columns": ["id"],
            "columns": ["email", "phone", {"as": "firstName", "column": "first_name"}],
        },
        {"path": ["client"], "kind": "alias", "of": ["job", "client"]},
    ]
    steps = rows(
        own,
        "select step_id, type, performed_by, definition, compiled ->> 'on_error' from pgwhen.steps order by position",
    )
    assert [(step[0], step[1], step[2], sorted(step[3]), step[4]) for step in steps] == [
        ("step_1", "email", "poller", ["subject", "text", "to"], "continue"),
        ("step_2", "sms", "poller", ["text", "to"], "continue"),
    ]
    assert rows(own, "select source, outcome, target from pgwhen.edges order by 2") == [
        ("step_1", "error", "step_2"),
        ("step_1", "success", "step_2"),
    ]
    assert rows(own, "select unnest(operations) from pgwhen.attachments order by 1") == ["insert", "update"]
    assert rows(own, "select status, until_at from pgwhen.activations") == [("active", None)]
    assert rows(own, "select command, target, detail ->> 'plan' from pgwhen.audit_log") == [
        ("apply_definition", "job_completed", "created")
    ]


def test_camel_case_columns_are_found_both_ways(own: Connection) -> None:
    own.execute('alter table clients rename first_name to "firstName"')
    apply(own, SEED)
    (columns,) = rows(own, "select compiled #> '{reads,1,columns}' from pgwhen.versions")
    assert columns == ["email", "firstName", "phone"]


def test_a_rich_one_compiles(own: Connection) -> None:
    apply(own, RICH)
    (compiled,) = rows(own, "select compiled - 'reads' from pgwhen.versions")
    assert compiled["priority"] == 1
    assert compiled["suppress_if"]["op"] == "any"
    assert compiled["inputs"] == RICH["inputs"]
    assert compiled["step_count"] == 13, "the join of the parallel is not a step that somebody wrote"
    steps = {
        row[0]: row[1:]
        for row in rows(own, "select step_id, compiled, condition, definition, position from pgwhen.steps")
    }
    assert steps["h"][0]["retry"] == {
        "attempts": 2,
        "backoff": 30,
        "factor": 2,
        "max": 3600,
        "jitter": "full",
        "within": 72000,
    }
    assert steps["h"][0]["timeout"] == 30
    assert steps["h"][2] == {"url": "x", "headers": {"a": "{{ secret('env:X') }}"}, "json": {"a": [1, "{{ job }}"]}}
    assert steps["d"][0]["until"] == {"path": ["job", "due_at"]}
    assert steps["d"][0]["offset"] == {"literal": "-1 day"}
    assert steps["d"][0]["reads"] == {"condition": [], "action": [], "engine": [["job", "due_at"]]}
    assert steps["e"][0]["on_error"] == "branch"
    assert steps["f"][0]["as"] == "failed"
    assert steps["c"][1]["op"] == "not"
    assert sorted(keys(own, "rich")) == [
        "event:default:e",
        "insert:jobs:status=done",
        f"manual:{workflow_id(own, 'rich')}",
        "update:jobs:status=done",
    ]
    triggers = rows(
        own,
        "select kind, needs_record, enabled, becomes ->> 'op', condition ->> 'op' from pgwhen.triggers"
        " order by trigger_no",
    )
    assert triggers == [
        ("table", True, True, "eq", "eq"),
        ("manual", False, True, None, None),
        ("event", False, True, None, None),
    ]


@pytest.mark.parametrize(
    ("when", "expected"),
    [
        ({"table": "jobs", "row": "created"}, ["insert:jobs"]),
        ({"table": "jobs", "row": "saved"}, ["insert:jobs", "update:jobs"]),
        ({"table": "jobs", "row": "deleted", "if": {"status": "x"}}, ["delete:jobs:status=x"]),
        ({"table": "jobs", "row": "truncated"}, ["truncate:jobs"]),
        (
            {"table": "jobs", "row": "updated", "columns": ["status", "dueAt"]},
            ["update:jobs:changed:due_at", "update:jobs:changed:status"],
        ),
        ({"table": "jobs", "row": "saved", "columns": ["status"]}, ["insert:jobs", "update:jobs:changed:status"]),
        ({"table": "jobs", "row": "updated", "columns": ["title"], "if": {"status": "x"}}, ["update:jobs:status=x"]),
        ({"table": "jobs", "row": "created", "if": {"client_id": 5.0}}, ["insert:jobs:client_id=5"]),
        ({"table": "jobs", "row": "created", "if": {"client_id": 5.5}}, ["insert:jobs"]),
        ({"table": "jobs", "row": "created", "if": {"done": True}}, ["insert:jobs:done=true"]),
        ({"table": "jobs", "row": "created", "if": {"stage": "won"}}, ["insert:jobs:stage=won"]),
        ({"table": "jobs", "row": "created", "if": {"on_day": "2026-01-31"}}, ["insert:jobs:on_day=2026-01-31"]),
        (
            {"table": "jobs", "row": "created", "if": {"uid": "0" * 31 + "A"}},
            ["insert:jobs:uid=00000000-0000-0000-0000-00000000000a"],
        ),
        ({"table": "jobs", "row": "created", "if": {"new.status": "x"}}, ["insert:jobs:status=x"]),
        # No index knows these: another row, a number with decimals, one of several, another operator.
        ({"table": "jobs", "row": "created", "if": {"job.status": "x"}}, ["insert:jobs"]),
        ({"table": "jobs", "row": "created", "if": {"total": 5}}, ["insert:jobs"]),
        ({"table": "jobs", "row": "created", "if": {"any": [{"status": "x"}]}}, ["insert:jobs"]),
        ({"table": "jobs", "row": "created", "if": {"not": {"status": "x"}}}, ["insert:jobs"]),
        ({"table": "jobs", "row": "created", "if": {"status": "{{ new.title }}"}}, ["insert:jobs"]),
        ({"table": "jobs", "row": "created", "if": {"status": None}}, ["insert:jobs"]),
        ({"table": "jobs", "row": "created", "if": {"code": "ab"}}, ["insert:jobs"]),
        ({"table": "jobs", "row": "created", "if": {"status": "x" * 201}}, ["insert:jobs"]),
        ({"table": "jobs", "row": "updated", "if": {"old.status": "x"}}, ["update:jobs"]),
        (
            {"table": "jobs", "becomes": {"total": {"gte": 5}, "status": "a=b:c%_"}},
            ["insert:jobs:status=a=b:c%_", "update:jobs:status=a=b:c%_"],
        ),
        ({"table": "jobs", "row": "created", "enabled": False}, []),
        ({"event": "a.b"}, ["event:default:a.b"]),
    ],
)
def test_match_keys(own: Connection, when: Any, expected: list[str]) -> None:
    apply(own, workflow(when=when))
    assert keys(own) == expected
    columns = {key.split(":", 2)[2].split("=")[0] for key in expected if "=" in key}
    assert set(rows(own, "select column_name from pgwhen.match_columns")) == columns


def test_unchanged_makes_no_version(own: Connection) -> None:
    assert apply(own, workflow(), "# first")["plan"] == "created"
    plan = apply(own, workflow(), "# second")
    assert (plan["plan"], plan["version"], plan["changes"]) == ("unchanged", 1, [])
    assert rows(own, "select version, source from pgwhen.versions") == [(1, "# second")]
    assert apply(own, workflow())["plan"] == "unchanged"
    assert rows(own, "select source from pgwhen.versions") == ["# second"]


def test_a_change_makes_the_next_version(own: Connection) -> None:
    apply(own, workflow(sms(), {"id": "gone", "type": "stop"}, name="A"))
    before = rows(own, "select * from pgwhen.steps where version = 1")
    plan = apply(own, workflow(sms("y"), sms(id="more"), vars={"a": 1}, when={"table": "leads", "row": "created"}))
    assert (plan["plan"], plan["version"]) == ("changed", 2)
    assert plan["changes"] == [
        "name removed",
        "vars added",
        "when changed",
        "step text changed",
        "step more added",
        "step gone removed",
    ]
    assert rows(own, "select * from pgwhen.steps where version = 1") == before
    assert rows(own, "select name, active_version from pgwhen.workflows") == [("w", 2)]
    assert rows(own, "select match_key, version from pgwhen.trigger_keys") == [
        (f"insert:{attachment(own, 'leads')}", 2)
    ]
    # Nobody waits for jobs any more.
    assert rows(own, "select attachment_id, unnest(operations) from pgwhen.attachments") == [
        (attachment(own, "leads"), "insert")
    ]


def test_dry_run_changes_nothing(own: Connection) -> None:
    plan = apply(own, SEED, dry_run=True)
    assert (plan["plan"], plan["version"], plan["status"]) == ("created", 1, "active")
    assert rows(own, "select count(*) from pgwhen.workflows") == [0]
    apply(own, workflow())
    plan = apply(own, workflow(sms("y")), dry_run=True)
    assert (plan["plan"], plan["version"], plan["changes"]) == ("changed", 2, ["step text changed"])
    assert rows(own, "select active_version from pgwhen.workflows") == [1]


def test_all_problems_are_in_one_error(own: Connection) -> None:
    with pytest.raises(psycopg.DatabaseError) as raised:
        apply(own, workflow(sms("{{ job.titel }}"), {"id": "b", "type": "emial"}))
    diag = raised.value.diag
    assert raised.value.sqlstate == "WF001"
    assert diag.message_primary == "the workflow w has 2 problems"
    assert (diag.message_detail or "").splitlines() == [
        "steps[0].text: public.jobs has no column titel, and no foreign key of that name [WF016]"
        " (did you mean job.title?)",
        'steps[1].type: "emial" is not a type of step [WF013] (did you mean email?)',
    ]
    with pytest.raises(psycopg.DatabaseError, match="has a problem: there is no table nowhere"):
        apply(own, workflow(when={"table": "nowhere", "row": "created"}))
    assert rows(own, "select count(*) from pgwhen.workflows") == [0]


def test_warnings_do_not_stop_it(own: Connection) -> None:
    plan = apply(own, workflow(sms(id="step-1")))
    assert [warning["code"] for warning in plan["warnings"]] == ["WF006"]


def test_a_grant_that_is_missing_stops_it_until_it_is_there(own: Connection) -> None:
    definition = workflow(sms("{{ visit.other.name }}"), when={"table": "visits", "row": "created"})
    with pytest.raises(psycopg.DatabaseError) as raised:
        apply(own, definition)
    grant = raised.value.diag.message_hint
    assert grant == "grant select on public.secrets_of_others to pgwhen_actions"
    own.execute(grant.encode())
    assert apply(own, definition)["plan"] == "created"
    own.execute(
        "revoke select on secrets_of_others from pgwhen_actions;"
        "grant select (id, name) on secrets_of_others to pgwhen_actions"
    )
    assert problems(own, definition) == []


def test_an_archived_identifier_stays_archived(own: Connection) -> None:
    apply(own, workflow())
    call(own, "archive_workflow", "w")
    with pytest.raises(psycopg.DatabaseError) as raised:
        apply(own, workflow(sms("y")))
    assert raised.value.sqlstate == "WF303"


def test_a_paused_workflow_stays_paused(own: Connection) -> None:
    apply(own, workflow())
    call(own, "pause_workflow", "w")
    assert apply(own, workflow(sms("y")))["status"] == "paused"
    assert rows(own, "select status, active_version from pgwhen.workflows") == [("paused", 2)]


def test_executions_keep_their_version(own: Connection) -> None:
    apply(own, workflow())
    for _ in range(2):
        own.execute("insert into pgwhen.unfinished values (gen_random_uuid(), %s, 1)", [workflow_id(own)])
    assert apply(own, workflow(sms("y")))["unfinished"] == {"1": 2}


def test_each_tenant_has_its_own(db: Connection, connect: Connect) -> None:
    db.execute("insert into pgwhen.tenants (tenant) values ('acme')")
    db.execute("insert into pgwhen.tenant_roles values ('pgwhen_author', 'acme')")
    author = connect(user="pgwhen_author")
    apply(db, workflow(when={"event": "e"}))
    assert apply(author, workflow(sms("other"), when={"event": "e"}))["plan"] == "created"
    assert rows(db, "select tenant, workflow from pgwhen.workflows order by 1") == [("acme", "w"), ("default", "w")]
    # The tables of the other tenant are not to be had.
    (found,) = problems(author, workflow())
    assert found[3] == "the events of jobs belong to the tenant default"
    assert call(author, "export_definition", "w")["definition"]["steps"][0]["text"] == "other"


def test_concurrent_applies_make_one_version(db: Connection, connect: Connect) -> None:
    plans: list[Any] = []

    def work(text: str) -> None:
        with connect() as connection:
            plans.append(apply(connection, workflow(sms(text))))

    threads = [threading.Thread(target=work, args=[f"text {number % 3}"]) for number in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    versions = rows(db, "select version from pgwhen.versions order by 1")
    assert versions == list(range(1, len(versions) + 1))
    assert sum(plan["plan"] == "created" for plan in plans) == 1
    assert sum(plan["plan"] != "unchanged" for plan in plans) == len(versions)
    assert rows(db, "select distinct version from pgwhen.trigger_keys") == rows(
        db, "select active_version from pgwhen.workflows"
    )


def test_two_folders_at_once_do_not_lock_each_other(db: Connection, connect: Connect) -> None:
    def work(names: list[str]) -> None:
        with connect(autocommit=False) as connection:
            for name in names:
                apply(connection, {**workflow(), "workflow": name})

    names = [f"w{number}" for number in range(8)]
    threads = [threading.Thread(target=work, args=[order]) for order in (names, names[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rows(db, "select count(*) from pgwhen.workflows") == [8]


def test_a_commit_is_what_counts(db: Connection, connect: Connect) -> None:
    with connect(autocommit=False) as connection:
        apply(connection, workflow())
        connection.rollback()
    assert rows(db, "select count(*) from (select unnest(operations) from pgwhen.attachments) o") == [0]


def test_values_that_look_like_sql_are_values(own: Connection) -> None:
    text = "'; drop table jobs; -- {{ job.title }} %s $1"
    apply(own, workflow(sms(text), name=text, when={"table": "jobs", "becomes": {"status": text}}))
    assert rows(own, "select definition ->> 'text' from pgwhen.steps") == [text]
    assert rows(own, "select name from pgwhen.workflows") == [text]


def test_unused_columns_and_operations_go(own: Connection) -> None:
    apply(own, {**workflow(when={"table": "jobs", "becomes": {"status": "a"}}), "workflow": "one"})
    apply(own, {**workflow(when={"table": "jobs", "row": "created", "if": {"status": "b"}}), "workflow": "two"})
    call(own, "archive_workflow", "one")
    own.execute("delete from pgwhen.trigger_keys where workflow_id = %s", [workflow_id(own, "one")])
    own.execute("select pgwhen._refresh_subscriptions()")
    assert rows(own, "select operation, column_name from pgwhen.match_columns") == [("insert", "status")]
    assert rows(own, "select unnest(operations) from pgwhen.attachments") == ["insert"]


def test_source_is_kept_word_for_word(own: Connection) -> None:
    source = "# why\nworkflow: w\r\n\ttabs \u00e9\n"
    apply(own, workflow(), source)
    assert call(own, "export_definition", "w")["source"] == source


def test_numbers_stay_exact(own: Connection) -> None:
    own.execute(
        "select pgwhen.apply_definition(%s)",
        [
            '{"workflow": "w", "when": {"manual": true}, "vars": {"a": 10.20, "b": 12345678901234567890}, "steps": '
            + json.dumps([SMS])
            + "}"
        ],
    )
    assert rows(own, "select compiled #>> '{vars,a}', compiled #>> '{vars,b}' from pgwhen.versions") == [
        ("10.20", "12345678901234567890")
    ]
