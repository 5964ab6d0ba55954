"""`pgwhen test`: tests of documents, on a scratch database."""

import contextlib
import json
import os
import subprocess
import sys
import time
import uuid
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgwhen.cli import embedded
from pgwhen.cli import test as command
from pgwhen.cli.main import main
from pgwhen.cli.scratch import structure_from
from tests.cli.support import Done

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"

WORKFLOW = """
workflow: w
when: {table: jobs, becomes: {status: completed}}
steps:
  - id: crm
    type: http
    url: https://crm.example.com/jobs/{{ job.id }}
    query: {q: "{{ job.title }}"}
    json: {title: "{{ job.title }}", total: "{{ job.total }}"}
    retry: {attempts: 2, backoff: 1 minute, jitter: none}
    on_error: continue
  - id: is_vip
    type: condition
    if: {steps.crm.output.json.vip: true}
    then:
      - {id: two_days, type: delay, for: 2 days}
      - {id: thank, type: email, to: "{{ job.client.email }}", subject: "Hi {{ job.client.first_name }}", text: Hello}
tests:
"""

GIVEN = (
    "{old: {status: new}, new: {title: Boiler, status: completed, total: 10.20,"
    " client: {first_name: Anna, email: a@example.com}}}"
)


@pytest.fixture
def pgwhen_test(server: embedded.Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """The command on the server of this run instead of one of its own."""
    names = {name: f"x_{uuid.uuid4().hex[:12]}" for name in ("_TEMPLATE", "_DATABASE")}
    for name, value in names.items():
        monkeypatch.setattr(command, name, value)

    @contextlib.contextmanager
    def temporary(prefix: str) -> Iterator[embedded.Server]:
        yield server

    monkeypatch.setattr(embedded, "temporary", temporary)

    def run(*arguments: str, dsn: str = "") -> Done:
        capsys.readouterr()
        with pytest.raises(SystemExit) as end:
            main([*(["--dsn", dsn] if dsn else []), "test", *arguments])
        captured = capsys.readouterr()
        assert isinstance(end.value.code, int)
        with psycopg.connect(server.dsn("postgres"), autocommit=True) as admin:
            for value in names.values():
                admin.execute(f"drop database if exists {value}")
        return Done(end.value.code, captured.out, captured.err)

    return run


def results(done: Done) -> dict[str, Any]:
    return {one["name"]: one for one in done.json}


@pytest.mark.timeout(300)
def test_every_example_has_tests_and_they_pass() -> None:
    """As people call it: a server of its own, without a database and with the tables of the examples."""
    environ = {name: value for name, value in os.environ.items() if name not in ("PGWHEN_DSN", "DATABASE_URL")}
    for more in ([], ["--tables", str(EXAMPLES / "tables.sql")]):
        process = [sys.executable, "-m", "pgwhen.cli.main", "test", str(EXAMPLES), "--format", "json", *more]
        done = subprocess.run(process, capture_output=True, text=True, env=environ, timeout=200)
        found = json.loads(done.stdout)
        assert [one for one in found if one["result"] != "passed"] == [] and done.returncode == 0
        files = {Path(one["file"]).name for one in found}
        assert files == {path.name for path in EXAMPLES.iterdir() if path.suffix in (".yaml", ".json")}


def test_stored_messages(pgwhen_test: Any, dsn: str, tmp_path: Path) -> None:
    """Of the files, else of the database that is given, else those that come with pgwhen."""
    (tmp_path / "w.yaml").write_text(
        "workflow: w\nwhen: {event: e}\nsteps:\n"
        "  - {id: ours, type: sms, to: '+31612345678', template: hello, variables: {name: Ann}}\n"
        "  - {id: theirs, type: notification, to: {phone: '+31612345678'}, channels: [sms], message: ticket_received,"
        " variables: {name: Ann, ticket: T1, subject: x, company: Jansen}}\n"
        "tests: [{given: {event: e}, expect: {ours: {text: Hi Ann}, theirs: completed}}]\n"
    )
    message = "message: hello\nvariables: {name: {}}\nchannels: {sms: {en: {text: 'Hi {{ name }}'}}}\n"
    (tmp_path / "messages").mkdir()
    (tmp_path / "messages" / "hello.yaml").write_text(message)
    assert pgwhen_test(str(tmp_path)).code == 0
    missing = pgwhen_test(str(tmp_path / "w.yaml"))
    assert missing.code == 1 and 'there is no stored template "hello"' in missing.out
    with pytest.raises(SystemExit):
        main(["--dsn", dsn, "messages", "apply", str(tmp_path / "messages")])
    assert pgwhen_test(str(tmp_path / "w.yaml"), dsn=dsn).code == 0


def test_spaces_of_amounts_are_written_as_people_type_them() -> None:
    assert command.matches("€ 5,00", "€\u00a05,00") and not command.matches("€5,00", "€\u00a05,00")
    for name in ("contains", "starts_with", "ends_with", "matches"):
        assert command.matches({name: "€ 5,00"}, "€\u00a05,00"), name


def test_what_is_expected(pgwhen_test: Any, tmp_path: Path) -> None:
    """Every form of an expectation, once right and once wrong."""
    cases = {
        "fields": "{crm: {method: POST, url: 'https://crm.example.com/jobs/1?q=Boiler', query: {q: Boiler},"
        " json: {title: Boiler, total: 10.20}}}",
        "number": "{crm: {json: {title: Boiler, total: 10.21}}}",
        "states": "{crm: completed, is_vip: false, thank: not_reached, execution: completed}",
        "state": "{thank: completed}",
        "outcome": "{is_vip: true}",
        "missing": "{crm: {nothing: 1}}",
        "execution": "{execution: failed}",
        "no such step": "{thx: completed}",
    }
    text = WORKFLOW + "".join(f"  - {{name: {name}, given: {GIVEN}, expect: {case}}}\n" for name, case in cases.items())
    (tmp_path / "w.yaml").write_text(text)
    done = pgwhen_test(str(tmp_path), "--format", "json")
    assert done.code == 1 and "6 of 8 tests failed" in done.err
    found = results(done)
    assert {name for name, one in found.items() if one["result"] == "passed"} == {"fields", "states"}
    problems = {name: "\n".join(one["problems"]) for name, one in found.items()}
    assert (
        problems["number"].startswith("crm.json: expected {") and '"total":10.20' in problems["number"].splitlines()[1]
    )
    assert problems["state"] == (
        "thank: expected completed, but it is not_reached"
        " (is_vip: steps.crm.output.json.vip: true cannot be told: steps.crm.output.json.vip is missing)"
    )
    assert problems["outcome"].startswith("is_vip: expected true, but it is false (steps.crm")
    assert "there is no nothing; there are " in problems["missing"]
    assert problems["execution"] == 'execution.status: expected "failed"\n          but it is "completed"'
    assert problems["no such step"] == "thx: there is no such step"
    assert found["number"]["line"] == 20, "the line of the test"


def test_what_steps_come_to_and_the_clock(pgwhen_test: Any, tmp_path: Path) -> None:
    cases = [
        "name: vip later, at: +2 days, steps: {crm.output: {json: {vip: true}}},"
        " expect: {is_vip: true, thank: {to: a@example.com, subject: {contains: Anna}}}",
        "name: vip now, steps: {crm.output: {json: {vip: true}}},"
        " expect: {two_days: sleeping, thank: not_reached, execution: waiting}",
        "name: refused, steps: {crm.error: {code: http_422, message: no}},"
        " expect: {crm: {status: failed, error: {contains: {code: http_422}}}, execution: {had_failures: true}}",
        "name: twice, at: +1 hour, steps: {crm.error: {class: transient, code: http_503, message: later}},"
        " expect: {crm: failed}",
        "name: between, steps: {crm.error: {class: transient, code: http_503, message: later}},"
        " expect: {crm: sleeping}",
    ]
    text = WORKFLOW + "".join(f"  - {{given: {GIVEN}, {case}}}\n" for case in cases)
    (tmp_path / "w.yaml").write_text(text)
    done = pgwhen_test(str(tmp_path))
    assert done.code == 0, done.out + done.err
    assert done.out.count("passed ") == 5 and "5 passed, 0 failed" in done.out


def test_events_of_every_kind(pgwhen_test: Any, tmp_path: Path) -> None:
    step = "steps: [{id: a, type: email, to: a@example.com, subject: '{{ event.type }}', text: '%s'}]"
    documents = [
        "workflow: one\nwhen: {event: invoice.overdue}\n" + step % "{{ input.n }}" + "\ntests:"
        " [{given: {input: {n: 7}}, expect: {a: {text: '7', subject: invoice.overdue}}}]",
        "workflow: two\nwhen: {manual: true}\n" + step % "x" + "\ntests: [{given: {}, expect: {a: completed}}]",
        "workflow: three\nwhen: {table: leads, row: deleted}\n" + step % "{{ lead.name }}" + "\ntests:"
        " [{given: {old: {name: Bo}}, expect: {a: {text: Bo, subject: leads.deleted}}}]",
        "workflow: four\nwhen: {table: leads, row: updated, columns: [name]}\n" + step % "{{ old.name }}" + "\ntests:"
        " [{given: {old: {name: Bo}, new: {name: Cy}}, expect: {a: {text: Bo}}},"
        " {given: {old: {size: 1}, new: {name: Cy, size: 2}}, expect: {execution: not_started}},"
        " {name: no event, given: {rows: {leads: [{name: Di}]}}, expect: {a: completed}}]",
        "workflow: five\nwhen: {table: leads, row: created}\n" + step % "{{ lead.owner.name }}" + "\ntests:"
        " [{given: {rows: {owners: [{id: 5, name: Olga}]}, new: {name: Bo, owner: {id: 5}}},"
        " expect: {a: {text: Olga}}}]",
        "workflow: six\nwhen: {table: leads, row: created}\n" + step % "{{ lead.nobody }}" + "\ntests:"
        " [{given: {new: {name: Bo, nobody: null}},"
        " expect: {a: {status: failed, error: {contains: {code: template}}}}}]",
    ]
    for number, document in enumerate(documents):
        (tmp_path / f"{number}.yaml").write_text(document)
    done = pgwhen_test(str(tmp_path), "--format", "json")
    bad = [one for one in done.json if one["result"] != "passed"]
    assert [(one["name"], one["result"], one["problems"]) for one in bad] == [
        ("no event", "error", ["the test gives no event: given needs new, old, event or input"])
    ]


def test_what_happens_later(pgwhen_test: Any, tmp_path: Path) -> None:
    text = """
workflow: w
when: {table: leads, row: created}
exit_if: {status: lost}
steps:
  - id: wait
    type: wait
    event: lead.paid
    match: {lead: "{{ lead.id }}"}
    timeout: 5 days
    timed_out: [{id: late, type: stop}]
  - {id: nap, type: delay, for: 1 day}
  - {id: tell, type: email, to: a@example.com, subject: "{{ lead.name }}", text: "{{ steps.wait.output.input.n }}"}
tests:
  - name: paid, renamed
    given: {new: {name: Anna, status: new}}
    then:
      - {at: +1 day, event: lead.paid, input: {lead: 2, n: 1}}
      - {at: +2 days, event: lead.paid, input: {lead: 1, n: 2}}
      - {at: +50 hours, new: {id: 1, name: Bo}}
    at: +4 days
    expect: {tell: {subject: Bo, text: "2"}, late: not_reached}
  - {name: lost, given: {new: {name: A, status: new}}, then: {at: +1 hour, new: {id: 1, status: lost}}, at: +9 days,
     expect: {late: not_reached, tell: not_reached, execution: {status: completed, reason: {contains: exit_if}}}}
  - {name: late, given: {new: {name: A, status: new}}, at: +9 days, expect: {late: completed}}
  - {name: wrong, given: {new: {name: A, status: new}}, then: [7], expect: {late: completed}}
"""
    (tmp_path / "w.yaml").write_text(text)
    done = pgwhen_test(str(tmp_path), "--format", "json")
    bad = {one["name"]: one["problems"] for one in done.json if one["result"] != "passed"}
    assert set(bad) == {"paid, renamed", "lost", "late", "wrong"}, "then is wrong somewhere: nothing of the file runs"
    assert "then is an event" in str(bad["late"])
    (tmp_path / "w.yaml").write_text(text[: text.index("  - {name: wrong")])
    done = pgwhen_test(str(tmp_path), "--format", "json")
    assert [one["problems"] for one in done.json] == [[], [], []]


def test_loops_and_steps_of_the_database(pgwhen_test: Any, tmp_path: Path) -> None:
    text = """
workflow: w
when: {table: orders, row: created}
steps:
  - {id: mark, type: update, table: orders, where: {id: "{{ order.id }}"}, set: {status: taken}}
  - id: each
    type: loop
    over: {table: lines, where: {order_id: "{{ order.id }}"}}
    as: line
    steps:
      - {id: tell, type: email, to: "{{ line.email }}", subject: "{{ order.status }}", text: "{{ line.n }}"}
  - {id: last, type: email, to: a@example.com, subject: done, text: x, if: {steps.each.output.failed: 0}}
tests:
  - given:
      new: {id: 3, status: new}
      rows:
        lines:
          - {order_id: 3, n: 1, email: a@example.com}
          - {order_id: 3, n: 2, email: none}
          - {order_id: 4, n: 3, email: c@example.com}
    expect:
      mark: {output: {contains: {count: 1}}}
      tell: [{subject: taken, text: "1"}, {status: failed}]
      last: not_reached
      execution: failed
"""
    (tmp_path / "w.yaml").write_text(text)
    done = pgwhen_test(str(tmp_path), "--format", "json")
    assert [one["problems"] for one in done.json] == [[]]


def test_what_cannot_be_run_is_an_error(pgwhen_test: Any, tmp_path: Path) -> None:
    head = "workflow: w\nwhen: {table: leads, row: created}\n"
    files = {
        "column": head
        + "steps: [{id: a, type: stop, if: {lead.size: 1}}]\ntests: [{given: {new: {name: x}}, expect: {a: skipped}}]",
        "yaml": "workflow: [",
        "type": head + "steps: [{id: a, type: mail}]\ntests: [{given: {new: {name: x}}, expect: {}}]",
        "tests": head + "steps: [{id: a, type: stop}]\ntests: [7, {expect: {a: completed}, typo: 1}]",
        "deep": head
        + "steps: [{id: a, type: stop}]\ntests: [{given: {new: {n: "
        + "[" * 90
        + "]" * 90
        + "}}, expect: {}}]",
        "time": head + "steps: [{id: a, type: stop}]\ntests: [{given: {new: {name: x}}, at: +soon, expect: {}}]",
        "attack": head + "steps: [{id: a, type: stop}]\ntests:"
        " [{given: {new: {'x\"; drop table leads; --': 1}}, expect: {a: completed}}]",
    }
    for name, text in files.items():
        (tmp_path / f"{name}.yaml").write_text(text)
    done = pgwhen_test(str(tmp_path), "--format", "json", "--junit", str(tmp_path / "junit.xml"))
    assert done.code == 1
    found = {Path(one["file"]).stem: one for one in done.json}
    assert {name for name, one in found.items() if one["result"] == "passed"} == {"attack"}, (
        "a column may have any name"
    )
    assert "no column size" in str(found["column"]["problems"])
    assert found["yaml"]["line"] == 1
    suites = ET.parse(tmp_path / "junit.xml").getroot()
    assert suites.attrib["errors"] == str(sum(one["result"] == "error" for one in done.json))


def test_junit(pgwhen_test: Any, tmp_path: Path) -> None:
    text = WORKFLOW + f"  - {{name: good, given: {GIVEN}, expect: {{crm: completed}}}}\n"
    text += f'  - {{name: "bad <&\\x01>", given: {GIVEN}, expect: {{thank: completed}}}}\n'
    (tmp_path / "w.yaml").write_text(text)
    done = pgwhen_test(str(tmp_path / "w.yaml"), "--format", "junit")
    assert done.code == 1
    root = ET.fromstring(done.out)
    assert root.tag == "testsuites" and {k: root.attrib[k] for k in ("tests", "failures", "errors")} == {
        "tests": "2", "failures": "1", "errors": "0",
    }  # fmt: skip
    (suite,) = root
    assert suite.tag == "testsuite" and suite.attrib["name"].endswith("w.yaml")
    good, bad = suite
    assert (good.tag, good.attrib["classname"], good.attrib["name"], len(good)) == ("testcase", "w", "good", 0)
    assert bad.attrib["name"] == "bad <&\ufffd>" and bad[0].tag == "failure"
    assert (bad[0].text or "").startswith("thank: expected completed") and bad[0].attrib["message"]


def test_the_structure_comes_from_the_database_and_no_row_does(
    pgwhen_test: Any, dsn: str, db: psycopg.Connection[Any], tmp_path: Path
) -> None:
    db.execute(
        """
        create schema app;
        create type app.mood as enum ('good', 'bad');
        create domain short as varchar(5);
        create table app.regions (code text primary key, name text not null);
        create table app.people (id uuid primary key default gen_random_uuid(), region text references app.regions,
          name text not null check (name <> 'x'), mood app.mood default 'good', nick short, tags text[],
          made_at timestamptz default now(), size int, double int generated always as (size * 2) stored);
        insert into app.regions values ('n', 'North');
        """
    )
    text = """
workflow: w
when: {table: app.people, row: created, if: {mood: good}}
steps:
  - id: a
    type: email
    to: a@example.com
    subject: "{{ person.region.name }}"
    text: "{{ person.double }} {{ person.tags[0] }} {{ person.made_at }}"
tests:
  - given: {at: "2026-03-01T10:00:00Z", new: {size: 4, tags: [x], nick: abc, region: {code: n, name: South}}}
    expect: {a: {subject: South, text: "8 x 2026-03-01T10:00:00+00:00"}}
  - {name: enum, given: {new: {mood: sad}}, expect: {a: completed}}
  - {name: domain, given: {new: {nick: much too long}}, expect: {a: completed}}
"""
    (tmp_path / "w.yaml").write_text(text)
    done = pgwhen_test(str(tmp_path), "--format", "json", dsn=dsn)
    found = results(done)
    assert found["test 1"]["result"] == "passed", found
    assert 'invalid input value for enum app.mood: "sad"' in found["enum"]["problems"][0]
    assert "too long" in found["domain"]["problems"][0]
    count = db.execute("select count(*) from app.people").fetchone()
    assert count == (0,)


def test_each_test_begins_anew(pgwhen_test: Any, tmp_path: Path) -> None:
    case = f"  - {{given: {GIVEN}, expect: {{crm: {{url: {{contains: jobs/1}}}}}}}}\n"
    (tmp_path / "w.yaml").write_text(WORKFLOW + case * 3)
    assert pgwhen_test(str(tmp_path)).code == 0


def test_fifty_tests_of_a_file(pgwhen_test: Any, tmp_path: Path) -> None:
    case = f"  - {{at: +3 days, steps: {{crm.output: {{json: {{vip: true}}}}}}, given: {GIVEN}, expect: {{thank: "
    case += "{subject: Hi Anna}}}\n"
    (tmp_path / "w.yaml").write_text(WORKFLOW + case * 50)
    started = time.monotonic()
    done = pgwhen_test(str(tmp_path), "--format", "json")
    assert done.code == 0 and len(done.json) == 50
    seconds = sum(one["seconds"] for one in done.json)
    print(f"50 tests: {seconds:.1f} s, with everything {time.monotonic() - started:.1f} s")
    assert seconds < 60, "about a tenth of a second each on an idle machine"


def test_no_tests_at_all(pgwhen_test: Any, tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_text(WORKFLOW.replace("tests:\n", ""))
    done = pgwhen_test(str(tmp_path))
    assert done.code == 1 and "there is no test" in done.err


@pytest.mark.parametrize(
    ("wanted", "found", "result"),
    [
        ("a", ["a"], True),
        (["a"], ["a", "b"], False),
        (1, Decimal("1.0"), True),
        ("1.0", Decimal("1.0"), True),
        (True, 1, False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"contains": {"a": 1}}, {"a": 1, "b": 2}, True),
        ({"contains": ["a", "b"]}, "a and b", True),
        ({"contains": "c"}, ["a", "b"], False),
        ({"starts_with": "a", "ends_with": "c"}, "abc\n", True),
        ({"matches": r"^\d+$"}, "12", True),
        ({"not": {"contains": "x"}}, "abc", True),
        ("text", "text\n", True),
        (None, None, True),
    ],
)
def test_matches(wanted: Any, found: Any, result: bool) -> None:
    assert command.matches(wanted, found) is result


def test_tables_from_rows() -> None:
    rows: list[tuple[str, dict[str, Any]]] = [
        ("jobs", {"id": 1, "title": "x", "client": {"name": "a"}, "fields": {"k": 1}, "at": "2026-01-01T10:00:00Z"}),
        ("jobs", {"title": "7", "total": Decimal("1.5"), "client": None, "on": "2026-01-01", "is": True, "n": None}),
        ("jobs", {"total": 2, "key": "7b1f6ad2-0b0f-4c0e-9d66-0a8f7d3b1c11"}),
    ]
    structure = structure_from(rows, ["jobs"], lambda key: key == "client")
    text = "\n".join(statement.as_string(None) for statement in structure.statements)
    for part in (
        '"title" text', '"client_id" bigint', '"fields" jsonb', '"at" timestamptz', '"total" numeric', '"on" date',
        '"is" boolean', '"n" text', '"key" uuid', 'create table "clients"',
        'foreign key ("client_id") references "clients"',
    ):  # fmt: skip
        assert part in text, part
