"""What operations.md says of each role, tried by the command line under a login that is a member of that role only."""

import subprocess
import sys
from collections.abc import Callable
from os import environ

import psycopg
import pytest

from tests.e2e.harness import Stage

DEFINITION = """
workflow: hello
when: [{table: leads, row: created}, {event: it.came}, {manual: true}]
steps:
  - {id: mail, type: email, to: a@example.com, subject: Hello, text: x}
"""

LOOKING = (
    *("queue", "queue --actions", "executions", "show EXECUTION", "explain leads:1", "explain EVENT", "workflows"),
    *("export", "doctor", "connections list", "schema", "approvals"),
)
WORKING = (
    *("tick", "maintain", "emit it.came", "start hello", "retry --failed", "cancel EXECUTION", "pause hello"),
    *("resume hello", "connections pause smtp", "connections resume smtp"),
)
WRITING = ("validate FILE", "apply FILE")

#: One for each of the rights above; the catalog's tests look at every function.
SAMPLES = {"queue", "tick", "emit it.came", "apply FILE"}

MAY = {
    "pgwhen_viewer": LOOKING,
    "pgwhen_operator": (*LOOKING, *WORKING),
    "pgwhen_author": (*LOOKING, *WRITING),
    "pgwhen_app": ("emit it.came", "start hello"),
}


@pytest.mark.parametrize("role", MAY)
def test_role_may_do_what_the_page_says_and_no_more(role: str, stage: Stage, login: Callable[..., str]) -> None:
    file = stage.folder / "definition.yaml"
    file.write_text(DEFINITION)
    stage.attach("leads")
    stage.cli("apply", str(file))
    stage.sql("insert into leads (first_name) values ('Anna')")
    stage.poll()
    stage.sql("insert into leads (first_name) values ('Bo')")
    stage.sql("select pgwhen.tick()")
    names = {
        "EXECUTION": str(stage.sql("select max(execution_id::text) from pgwhen.executions")[0][0]),
        "EVENT": str(stage.sql("select min(event_id::text) from pgwhen.events")[0][0]),
        "FILE": str(file),
    }
    dsn = login(role)
    wrong = []
    for line in (*MAY[role], *sorted(SAMPLES - {*MAY[role]})):
        words = [names.get(word, word) for word in line.split()]
        done = subprocess.run(
            [sys.executable, "-m", "pgwhen.cli.main", *words],
            env={**environ, **stage.environ, "PGWHEN_DSN": dsn},
            capture_output=True,
            text=True,
        )
        refused = "permission denied" in done.stderr
        if refused == (line in MAY[role]) or (done.returncode and not refused):
            wrong.append(f"{line}: {done.stderr.strip() or 'was allowed'}")
    assert wrong == []


def test_the_owner_of_a_table_attaches_it_as_an_author(stage: Stage, login: Callable[..., str]) -> None:
    login("pgwhen_author")
    stage.sql("create schema shop authorization test_pgwhen_author")
    stage.dsn = login("pgwhen_author")
    with psycopg.connect(stage.dsn, autocommit=True) as owner:
        owner.execute("create table shop.orders (id int primary key)")
    stage.cli("attach", "shop.orders")
    stage.cli("attach", "leads", code=1)
    stage.cli("detach", "shop.orders")
    stage.sql("drop schema shop cascade")
