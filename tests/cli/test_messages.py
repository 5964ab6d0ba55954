"""messages: list, show, apply, export, preview, install, remove, and every template that ships."""

import re
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgwhen.cli import messages
from pgwhen.cli.definitions import dump_json
from pgwhen.poller.templates import Formats, render
from tests.cli.support import Cli

FILE = """\
# A comment that export keeps.
message: hello
name: Greeting
variables:
  name: {description: First name, example: Ann}
  total: {type: number, required: false, example: 12.50}
  link: {type: url, required: false}
channels:
  email:
    en:
      subject: "Hello {{ name }}"
      markdown: |
        Dear **{{ name }}**,{% if total %} you owe {{ total | money("EUR") }}.{% endif %}
        {% if link %}[Pay]({{ link }}){% endif %}
    nl:
      subject: "Hallo {{ name }}"
      markdown: "Beste {{ name }}{% if total %}: {{ total | money('EUR') }}{% endif %}"
  sms:
    en: {text: "Hi {{ name }}"}
"""

SHIPPED = messages.read_messages([messages.SHIPPED])
IDS = [document.definition["message"] for document in SHIPPED]


@pytest.fixture
def cli(dsn: str, capsys: pytest.CaptureFixture[str]) -> Cli:
    """The command line."""
    return Cli(dsn, capsys)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with one message."""
    path = tmp_path / "hello.yaml"
    path.write_text(FILE, encoding="utf-8")
    return path


def test_apply_list_show_export_remove(cli: Cli, file: Path, tmp_path: Path) -> None:
    assert "no templates; pgwhen messages install" in cli("messages").err
    assert cli("messages", "apply", str(file), "--dry-run").err == "dry run: nothing was changed\n"
    (plan,) = cli("messages", "apply", str(file), "--json").json
    assert (plan["message"], plan["plan"], plan["version"]) == ("hello", "created", 1)
    assert "unchanged" in cli("messages", "apply", str(file)).out
    (row,) = cli("messages", "list", "--json").json
    assert (row["message"], row["channels"], row["steps"]) == ("hello", {"email": ["en", "nl"], "sms": ["en"]}, 0)
    shown = cli("messages", "show", "hello").out
    assert "Greeting (hello, version 1)" in shown and "--- sms, en" in shown and "First name" in shown
    assert cli("messages", "export", "hello").out == FILE
    folder = tmp_path / "out"
    cli("messages", "export", "--canonical", "--dir", str(folder))
    assert "A comment" not in (folder / "hello.yaml").read_text()
    assert "unchanged" in cli("messages", "apply", str(folder)).out
    assert cli("messages", "remove", "hello").out == "hello: removed\n"
    done = cli("messages", "show", "hello")
    assert done.code == 1 and "there is no stored template hello" in done.err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{{ name }}, you", "{{ name", "hello.yaml"),
        ("Hi {{ name }}", "Hi {{ nmae }}", "hello.yaml:19: channels.sms.en.text: the variable nmae is not declared"),
        ("Hi {{ name }}", "Hi {{ name | nope }}", "hello.yaml:19: channels.sms.en.text: No filter named 'nope'"),
        ("Hi {{ name }}", "Hi {% if %}", "hello.yaml:19: channels.sms.en.text:"),
        (
            "example: 12.50",
            "example: much",
            "hello.yaml:6: variables.total.example: the variable total is not a number",
        ),
        ("  sms:", "  fax:", "hello.yaml:18: channels.fax:"),
        ("message: hello", "message: [", "hello.yaml"),
        ("message: hello", "messag: hello", "a message needs message"),
    ],
)
def test_problems_have_their_line(cli: Cli, file: Path, old: str, new: str, said: str) -> None:
    file.write_text(FILE.replace(old, new), encoding="utf-8")
    done = cli("messages", "apply", str(file))
    if old in FILE:
        assert done.code == 1 and said in done.err
    assert cli("messages", "--help").code == 0


def test_all_or_nothing(cli: Cli, file: Path) -> None:
    (file.parent / "second.yaml").write_text(
        FILE.replace("message: hello", "message: second").replace("Hi {{ name }}", "{{ x }}")
    )
    assert cli("messages", "apply", str(file.parent)).code == 1
    assert cli("messages", "list", "--json").json == []
    (file.parent / "second.yaml").write_text(FILE)
    done = cli("messages", "apply", str(file.parent))
    assert done.code == 1 and "hello is defined in" in done.err


def test_preview(cli: Cli, file: Path, tmp_path: Path) -> None:
    cli("messages", "apply", str(file))
    assert (
        cli("messages", "preview", "hello").out
        == ("--- email, en, version 1\nsubject: Hello Ann\n\nDear Ann, you owe €12.50.\n\n")
        .replace("\n\n\n", "\n\n")
        .rstrip("\n")
        + "\n"
    )
    found = cli(
        "messages", "preview", "hello", "--locale", "nl_BE", "--set", "name=*Eve*", "--set", "total=1000", "--json"
    ).json
    assert (found["locale"], found["texts"]["subject"], found["texts"]["text"]) == (
        "nl",
        "Hallo *Eve*",
        "Beste *Eve*: €\u00a01.000,00\n",
    )
    assert cli("messages", "preview", "hello", "--channel", "sms").out == "--- sms, en, version 1\n\nHi Ann\n"
    page = tmp_path / "page.html"
    cli("messages", "preview", "hello", "--html", str(page))
    assert page.read_text().startswith("<!DOCTYPE html>")
    assert "no HTML for sms" in cli("messages", "preview", "hello", "--channel", "sms", "--html", str(page)).err
    assert (
        "the variable link is not a url: 'javascript:x'"
        in cli("messages", "preview", "hello", "--set", "link=javascript:x").err
    )
    assert "the variable name is missing: First name" in cli("messages", "preview", "hello", "--set", "name=").err
    assert "has no such variable; it has link, name, total" in cli("messages", "preview", "hello", "--set", "x=1").err
    assert "not for push" in cli("messages", "preview", "hello", "--channel", "push").err
    assert cli("messages", "preview", "hello", "--row", "jobs:1").code == 2
    assert cli("messages", "preview", "hello", "--step", "x").code == 2
    assert "no such time zone" in cli("messages", "preview", "hello", "--timezone", "Mars").err


def test_preview_for_a_row(cli: Cli, file: Path) -> None:
    cli("messages", "apply", str(file))
    steps = [
        {"id": "thank", "type": "email", "to": "{{ job.email }}", "template": "hello", "locale": "{{ job.locale }}",
         "variables": {"name": "{{ job.name }}", "total": "{{ job.total }}"}},
        {"id": "text", "type": "sms", "if": {"total": {"gt": 5000}}, "to": "+31612345678", "text": "x"},
    ]  # fmt: skip
    definition = {"workflow": "w", "when": {"table": "jobs", "row": "created"}, "steps": steps}
    with psycopg.connect(cli.dsn, autocommit=True) as db:
        db.execute("create table jobs (id int primary key, name text, email text, total numeric, locale text)")
        db.execute("grant select on jobs to pgwhen_actions; select pgwhen.attach('jobs')")
        db.execute(
            "insert into jobs values (1, 'Ann <b>', 'ann@x.test', 1234.50, 'nl'), (2, null, 'eve@x.test', 1, null)"
        )
        db.execute("select pgwhen.apply_definition(%s)", [dump_json(definition)])

    def preview(row: str, step: str = "thank") -> Any:
        return cli("messages", "preview", "hello", "--row", row, "--workflow", "w", "--step", step)

    found = preview("jobs:1").out
    assert "--- email, nl, version 1" in found and "subject: Hallo Ann <b>" in found
    assert "Beste Ann <b>: € 1.234,50" in found and "ann@x.test" in found
    assert "the variable name is missing" in preview("jobs:2").err
    assert "does not get to text" in preview("jobs:1", "text").err
    assert preview("jobs").code == 2


def test_install(cli: Cli) -> None:
    assert cli("messages", "install", "nope").code == 2
    assert [row["plan"] for row in cli("messages", "install", "invoice_reminder", "--json").json] == ["created"]
    done = cli("messages", "install", "--json")
    assert len(done.json) == len(IDS) - 1 and "1 you have already" in done.err
    assert {row["plan"] for row in cli("messages", "install", "--replace", "--json").json} == {"unchanged"}
    assert len(cli("messages", "list", "--shipped", "--json").json) == len(IDS)
    assert "invoice_reminder" in cli("messages", "list", "--shipped").out


def test_the_example_of_the_documentation(cli: Cli, tmp_path: Path) -> None:
    docs = (Path(messages.__file__).parents[1] / "docs" / "messages.md").read_text(encoding="utf-8")
    (block,) = [block for block in re.findall(r"```yaml\n(.*?)```", docs, re.DOTALL) if block.startswith("message:")]
    (tmp_path / "reminder.yaml").write_text(block, encoding="utf-8")
    assert cli("messages", "apply", str(tmp_path)).code == 0
    found = cli("messages", "preview", "invoice_reminder", "--locale", "nl", "--json").json["texts"]
    assert found["subject"] == "Herinnering: €\u00a01.249,95"
    assert found["text"] == "Beste Noor Bakker,\n\n€\u00a01.249,95 had op 15 november 2026 betaald moeten zijn.\n"


def test_the_filters_of_the_documentation() -> None:
    docs = (Path(messages.__file__).parents[1] / "docs" / "messages.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `[^`]*` \| `(\{\{.*?\}\})` \| (.*?) \| (.*?) \|$", docs.replace("\\|", "|"), re.MULTILINE)
    assert len(rows) == 6
    for template, dutch, english in rows:
        assert render(template, {}, "text", Formats("nl_NL")).replace("\u00a0", " ") == dutch
        assert render(template, {}, "text", Formats("en")) == english


# ---------------------------------------------------------------- what ships


def test_there_are_more_than_thirty_by_id() -> None:
    assert len(IDS) == len(set(IDS)) >= 30
    docs = (Path(messages.__file__).parents[1] / "docs" / "messages.md").read_text(encoding="utf-8")
    docs = docs.partition("## The templates that come with pgwhen")[2]
    assert sorted(re.findall(r"^\| `([a-z_]+)` \|", docs, re.MULTILINE)) == sorted(IDS)
    for document in SHIPPED:
        assert document.definition["description"] in docs


CASES = [
    (document.definition, channel, locale)
    for document in SHIPPED
    for channel, locales in document.definition["channels"].items()
    for locale in locales
]


@pytest.mark.parametrize(
    ("definition", "channel", "locale"), CASES, ids=[f"{d['message']}-{c}-{locale}" for d, c, locale in CASES]
)
def test_each_with_its_examples_without_options_and_without_each_variable(
    definition: dict[str, Any], channel: str, locale: str
) -> None:
    stored = {"message": definition["message"], "version": 1, "definition": definition}
    variables = definition["variables"]
    assert set(definition["channels"][channel][locale]) == set(definition["channels"][channel]["en"])
    assert {"en", "nl"} <= set(definition["channels"][channel])
    examples = {name: spec["example"] for name, spec in variables.items()}
    texts = messages.render_stored(stored, channel, examples, locale, "Europe/Amsterdam")["texts"]
    _looks_right(channel, texts)
    required = {name: value for name, value in examples.items() if variables[name].get("required", True)}
    few = messages.render_stored(stored, channel, required, locale, "UTC")["texts"]
    _looks_right(channel, few)
    for name in required:
        with pytest.raises(Exception, match=f"the variable {name} is missing: ") as caught:
            messages.render_stored(stored, channel, {**examples, name: None}, locale, "UTC")
        assert variables[name]["description"] in str(caught.value)


def _looks_right(channel: str, texts: dict[str, str]) -> None:
    for text in texts.values():
        assert text.strip() and "{{" not in text and "\ue000" not in text and "None" not in text
        assert not re.search(r"\bnull\b|undefined|true|false", text)
    if channel == "email":
        assert "**" not in texts["text"] and "](" not in texts["text"] and " \n" not in texts["text"]
        assert len(texts["subject"]) <= 90 and "\n" not in texts["subject"]
        assert "max-width:600px" in texts["html"] and "<img" not in texts["html"] and len(texts["html"]) < 100_000
        assert not re.search(r"(src|href)=\"(?!https://|tel:|mailto:)", texts["html"])
    if channel == "sms":
        assert len(texts["text"]) <= 160 and "\u00a0" not in texts["text"]
    if channel == "push":
        assert len(texts["title"]) <= 65 and len(texts["text"]) <= 240
