"""apply, validate, export, workflows, pause, resume, archive, schema."""

import json
import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import jsonschema
import psycopg
import pytest

from pgwhen.cli import embedded
from tests.cli.support import Cli

TABLES = """
create table clients (id int primary key, email text, first_name text);
create table jobs (id int primary key, title text, status text, client_id int references clients);
grant select on clients to pgwhen_actions;
select pgwhen.attach('jobs');
"""

GOOD = """\
# Thank them.
workflow: thank
when: {table: jobs, becomes: {status: done}}
steps:
  - id: mail
    type: email
    to: "{{ job.client.email }}"
    subject: Done
    text: |
      Dear {{ job.client.first_name | title }},
      done: {{ job.title }}
"""

SECOND = "workflow: second\nwhen: {manual: true}\nsteps: [{id: a, type: sms, to: +31612345678, text: hi}]\n"

BAD = """\
workflow: bad
when: {table: jobs, becomes: {stattus: done}}
steps:
  - id: mail
    type: email
    to: "{{ job.client.emial }}"
    subject: "{{ job.title | uper }}"
    text: |
      a
      {% if job.title %}
    headers: {A: "{{ 'x }}"}
"""


@pytest.fixture
def cli(dsn: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """The command line on a database with tables, in an empty folder."""
    with psycopg.connect(dsn, autocommit=True) as db:
        db.execute(TABLES)
    monkeypatch.chdir(tmp_path)
    return Cli(dsn, capsys)


def write(**files: str) -> None:
    for name, text in files.items():
        Path(name.replace("_", ".")).write_text(text)


def test_apply_prints_the_plan(cli: Cli) -> None:
    write(a_yaml=f"{GOOD}---\n{SECOND}")
    done = cli("apply", "a.yaml")
    assert (done.code, done.err) == (0, "")
    assert [line.split()[:4] for line in done.out.splitlines()[1:]] == [
        ["thank", "created", "1", "active"],
        ["second", "created", "1", "active"],
    ]
    write(a_yaml=f"{GOOD}---\n{SECOND.replace('hi', 'ho')}")
    plans = cli("apply", "a.yaml", "--json").json
    assert [(plan["workflow"], plan["plan"], plan["version"], plan["file"]) for plan in plans] == [
        ("thank", "unchanged", 1, "a.yaml"),
        ("second", "changed", 2, "a.yaml"),
    ]
    assert plans[1]["changes"] == ["step a changed"]


def test_dry_run_changes_nothing(cli: Cli) -> None:
    write(a_yaml=GOOD)
    done = cli("apply", "a.yaml", "--dry-run")
    assert done.code == 0
    assert "created" in done.out
    assert "nothing was changed" in done.err
    assert cli("workflows", "--json").json == []


def test_problems_come_with_their_line(cli: Cli) -> None:
    write(bad_yaml=BAD, good_yaml=GOOD)
    done = cli("apply", ".")
    assert (done.code, done.out) == (1, "")
    lines = [line for line in done.err.splitlines() if line.startswith("bad.yaml")]
    assert [line.split(": ")[0] for line in lines] == [
        "bad.yaml:2",
        "bad.yaml:6",
        "bad.yaml:7",
        "bad.yaml:8",
        "bad.yaml:11",
    ]
    assert "stattus" in lines[0]
    assert "emial" in lines[1]
    assert "uper" in lines[2]
    assert "line 2 of the template" in lines[3]
    assert "did you mean job.client.email?" in done.err
    assert "5 problems; nothing was changed" in done.err
    assert cli("workflows", "--json").json == []
    found = cli("apply", "bad.yaml", "--json")
    assert found.code == 1
    assert [(row["line"], row["code"], row["path"]) for row in found.json] == [
        (2, "WF016", "when.becomes.stattus"),
        (6, "WF016", "steps[0].to"),
        (7, "WF024", "steps[0].subject"),
        (8, "WF024", "steps[0].text"),
        (11, "WF024", "steps[0].headers.A"),
    ]


def test_all_or_nothing(cli: Cli) -> None:
    write(a_yaml=GOOD, b_yaml=GOOD.replace("Done", "Again"))
    done = cli("apply", ".")
    assert done.code == 1
    assert "b.yaml:2: error: workflow: the workflow thank is defined in a.yaml:2 too" in done.err
    assert cli("workflows", "--json").json == []


@pytest.mark.parametrize("text", ["a: [", "", "a: 1\na: 2"])
def test_files_that_cannot_be_read(cli: Cli, text: str) -> None:
    write(a_yaml=text, b_yaml=BAD)
    done = cli("apply", ".")
    assert done.code == 1
    assert "a.yaml:" in done.err
    assert "b.yaml:2" in done.err


def test_nothing_there(cli: Cli) -> None:
    assert "no such file" in cli("apply", "nowhere.yaml").err
    assert cli("apply").code == 2


def test_warnings_are_said(cli: Cli) -> None:
    write(a_yaml=SECOND.replace("id: a", "id: a-1"))
    done = cli("apply", "a.yaml")
    assert done.code == 0
    assert 'a.yaml:3: warning: steps[0].id: the id "a-1" becomes a_1 [WF006]' in done.err


def test_export_gives_back_what_was_written(cli: Cli) -> None:
    seed = json.dumps(
        {"name": "Seed", "trigger_type": "job_created", "steps": [{"id": "x-1", "type": "stop"}]}, indent=1
    )
    write(a_yaml=f"{GOOD}---\n{SECOND}", b_json=seed)
    cli("apply", ".")
    assert cli("export", "thank").out == GOOD
    assert cli("export", "seed").out == seed + "\n"
    assert cli("export", "seed", "--format", "json", "--canonical").json["workflow"] == "seed"
    assert cli("export", "thank", "--canonical").out.startswith(
        "workflow: thank\nwhen:\n  - table: jobs\n    becomes:\n"
    )
    assert [row["workflow"] for row in cli("export", "--format", "json").json] == ["second", "seed", "thank"]
    done = cli("export", "--dir", "out")
    assert done.code == 0
    assert sorted(os.listdir("out")) == ["second.yaml", "seed.json", "thank.yaml"]
    assert [row["plan"] for row in cli("apply", "out", "--json").json] == ["unchanged"] * 3
    cli("export", "--dir", "canonical", "--canonical")
    assert [row["plan"] for row in cli("apply", "canonical", "--json").json] == ["unchanged"] * 3
    assert "does not exist" in cli("export", "nothing").err


def test_the_life_of_a_workflow(cli: Cli) -> None:
    write(a_yaml=GOOD)
    assert "no workflows" in cli("workflows").err
    cli("apply", "a.yaml")
    assert "jobs becomes status: done" in cli("workflows").out
    done = cli("pause", "thank", "--reason", "holidays")
    assert (done.code, done.err) == (0, "thank is paused\n")
    done = cli("pause", "thank")
    assert done.code == 1
    assert "is paused, not active" in done.err
    assert cli("resume", "thank", "--json").json == [
        {"workflow": "thank", "status": "active", "was": "paused", "unfinished": 0}
    ]
    assert cli("archive", "thank").code == 0
    (row,) = cli("workflows", "--json").json
    assert (row["workflow"], row["status"], row["triggers"]) == ("thank", "archived", ["jobs becomes status: done"])
    assert cli("export").out == ""
    with psycopg.connect(cli.dsn) as db:
        log = db.execute("select command, reason from pgwhen.audit_log order by audit_id").fetchall()
    assert log == [
        ("apply_definition", None),
        ("pause_workflow", "holidays"),
        ("resume_workflow", None),
        ("archive_workflow", None),
    ]


def test_schema(cli: Cli) -> None:
    schema = cli("schema").json
    jsonschema.Draft7Validator.check_schema(schema)
    assert schema["title"] == "pgwhen workflow"


def test_validate_with_a_database(cli: Cli) -> None:
    write(a_yaml=GOOD, bad_yaml=BAD)
    done = cli("validate", "a.yaml")
    assert (done.code, done.out, done.err) == (0, "", "1 definition is right\n")
    done = cli("validate", ".")
    assert done.code == 1
    assert done.out.count("error:") == 5
    assert len(cli("validate", "bad.yaml", "--json").json) == 5


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that the embedded server's user may enter."""
    folder = Path(os.environ["PGWHEN_TEST_FOLDER"]) / f"home-{uuid.uuid4().hex[:8]}"
    folder.mkdir()
    yield folder
    for data in folder.glob("data-*"):
        embedded.Server(embedded.binaries(int(data.name.removeprefix("data-"))), data).remove()


def test_validate_without_a_database_judges_the_language(home: Path, tmp_path: Path) -> None:
    """On the embedded server, which is started for it."""
    (tmp_path / "bad.yaml").write_text(BAD)
    (tmp_path / "good.yaml").write_text(GOOD)
    environment = {**os.environ, "PGWHEN_HOME": str(home)}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "pgwhen.cli.main", "validate", *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path, timeout=60)

    good = run("good.yaml")
    assert good.returncode == 0, good.stderr
    assert good.stdout == "good.yaml:3: warning: when.table: not checked: there is no table jobs [WF015]\n"
    bad = run("bad.yaml", "--json")
    assert bad.returncode == 1
    assert [(row["line"], row["severity"], row["code"]) for row in json.loads(bad.stdout)] == [
        (2, "warning", "WF015"),
        (7, "error", "WF024"),
        (8, "error", "WF024"),
        (11, "error", "WF024"),
    ]


def test_what_comes_from_a_file_is_not_sent_to_the_terminal(cli: Cli) -> None:
    write(a_yaml=SECOND.replace("type: sms", 'type: "\\e[31msms[bold]"'))
    done = cli("apply", "a.yaml")
    assert done.code == 1
    assert "\x1b" not in done.err
    assert "[bold]" in done.err


def test_the_examples_are_right(cli: Cli) -> None:
    examples = Path(__file__).resolve().parents[2] / "docs" / "examples"
    with psycopg.connect(cli.dsn, autocommit=True) as db:
        db.execute("drop table jobs, clients")
        db.execute((examples / "tables.sql").read_bytes())
        db.execute("select pgwhen.attach(t) from unnest('{leads,jobs,form_submissions}'::regclass[]) t")
        db.execute("grant select on clients, staff, holidays to pgwhen_actions")
        db.execute("grant insert, update on leads, clients, jobs to pgwhen_actions")
    done = cli("apply", str(examples))
    assert done.code == 0, done.err
