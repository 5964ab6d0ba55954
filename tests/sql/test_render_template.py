"""pgwhen.render_template: what the poller would send, in SQL (Debian's server has plpython3u)."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from pgwhen import sql as source
from pgwhen.poller import templates

CASES = [
    ("Hello {{ lead.name }}!", '{"lead": {"name": "Ann & <b>"}}', "text"),
    ("Hello {{ lead.name }}!", '{"lead": {"name": "Ann & <b>"}}', "html"),
    ("https://x.test/{{ q }}", '{"q": "a b/ü"}', "url"),
    ("{% for i in items %}{{ i }};{% endfor %}", '{"items": [1, 2.50, "x", true]}', "text"),
    ("{{ price * 3 }}", '{"price": 0.10}', "text"),
    ("{{ name | default('nobody') | upper }}", "{}", "text"),
    ("no template", "{}", "text"),
    ("**{{ name }}**", '{"name": "*Ann*"}', "markdown"),
    ("{{ name }}", '{"name": "<!channel>"}', "chat"),
]


@pytest.fixture
def render(db: psycopg.Connection[Any]) -> Callable[..., Any]:
    """Call the function. Skips where the language is not installed."""
    if db.execute("select to_regproc('pgwhen.render_template')").fetchone() == (None,):
        pytest.skip("PGWHEN_TEST_SERVER=debian has plpython3u")

    def call(*arguments: str) -> Any:
        places = ", ".join(["%s"] * len(arguments))
        row = db.execute(f"select pgwhen.render_template({places})", arguments).fetchone()  # type: ignore[call-overload]
        return row[0]

    return call


@pytest.mark.parametrize(("template", "context", "target"), CASES)
def test_it_renders_as_the_poller_does(render: Callable[..., Any], template: str, context: str, target: str) -> None:
    assert render(template, context, target) == templates.render(template, templates.loads(context), target)


def test_a_value_keeps_its_type(render: Callable[..., Any]) -> None:
    assert render("{{ xs }}", '{"xs": [1, 2.50, null]}', "value") == "[1,2.50,null]"


def test_filters_write_as_the_poller_does_or_say_what_is_not_here(
    render: Callable[..., Any], db: psycopg.Connection[Any]
) -> None:
    """Debian has python3-babel apart."""
    given = ("{{ x | money('EUR') }}", '{"x": 1234.5}')
    body = "try:\n import babel\nexcept ImportError:\n return False\nreturn True"
    db.execute(f"create function has_babel() returns bool language plpython3u as $${body}$$")  # type: ignore[call-overload]
    if db.execute("select has_babel()").fetchone() == (True,):
        expected = templates.render(given[0], templates.loads(given[1]), "text", templates.Formats("nl_NL"))
        assert render(*given, "text", "nl_NL", "Europe/Amsterdam") == expected
        return
    with pytest.raises(psycopg.Error, match="needs the Python package Babel, which is not here") as caught:
        render(*given, "text", "nl_NL", "Europe/Amsterdam")
    assert caught.value.sqlstate == "WF162"


def test_what_is_missing_is_named(render: Callable[..., Any]) -> None:
    with pytest.raises(psycopg.Error, match=r"job\.client is missing") as caught:
        render("{{ job.client }}", '{"job": {}}')
    assert caught.value.sqlstate == "WF162"


def test_an_unknown_target_is_refused(render: Callable[..., Any]) -> None:
    with pytest.raises(psycopg.Error, match="no target pdf") as caught:
        render("x", "{}", "pdf")
    assert caught.value.sqlstate == "WF161"


def test_python_is_out_of_reach(render: Callable[..., Any]) -> None:
    with pytest.raises(psycopg.Error) as caught:
        render("{{ ''.__class__.__mro__[1].__subclasses__() }}", "{}")
    assert caught.value.sqlstate == "WF162"


def test_null_gives_null(render: Callable[..., Any], db: psycopg.Connection[Any]) -> None:
    assert db.execute("select pgwhen.render_template(null, '{}')").fetchone() == (None,)


def test_authors_may_call_it_and_pollers_may_not(
    render: Callable[..., Any], connect: Callable[..., psycopg.Connection[Any]]
) -> None:
    query = "select pgwhen.render_template('{{ a }}', '{\"a\": 1}')"
    assert connect(user="pgwhen_author").execute(query).fetchone() == ("1",)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        connect(user="pgwhen_poller").execute(query)


def test_the_body_is_the_source_of_the_pollers_module() -> None:
    (file,) = [file for file in source.files() if file.stem == "render_template"]
    assert repr((source.FOLDER.parent / "poller" / "templates.py").read_text(encoding="utf-8")) in file.text
