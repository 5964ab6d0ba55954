"""A preview in SQL (Debian's server has plpython3u)."""

from typing import Any

import psycopg
import pytest

from tests.sql.messages.support import Connection, apply, message


@pytest.fixture
def preview(db: Connection) -> Any:
    """Call the function. Skips where the language is not installed."""
    if db.execute("select to_regproc('pgwhen.preview_message_template')").fetchone() == (None,):
        pytest.skip("PGWHEN_TEST_SERVER=debian has plpython3u")
    apply(db, message())

    def call(arguments: str) -> Any:
        row = db.execute(f"select pgwhen.preview_message_template({arguments})").fetchone()  # type: ignore[call-overload]
        return row[0]

    return call


def test_the_examples_unless_variables_are_given(preview: Any) -> None:
    found = preview("'hello', p_locale => 'nl_BE'")
    assert (found["channel"], found["locale"], found["texts"]["subject"]) == ("email", "nl", "Hallo Ann")
    found = preview("""'hello', 'sms', '{"name": "Eve"}', 'pl'""")
    assert (found["channel"], found["locale"], found["texts"]) == ("sms", "en", {"text": "Hi Eve"})
    assert preview("""'hello', 'email', '{"name": "*Eve*"}'""")["texts"]["markdown"] == r"Dear \*Eve\*"


@pytest.mark.parametrize(
    ("arguments", "state"), [("'nope'", "WF455"), ("'hello', 'push'", "WF457"), ("'hello', 'sms', '{}'", "WF162")]
)
def test_what_is_wrong(preview: Any, arguments: str, state: str) -> None:
    with pytest.raises(psycopg.Error) as caught:
        preview(arguments)
    assert caught.value.sqlstate == state
