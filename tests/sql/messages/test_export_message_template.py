"""One template as it was written."""

import psycopg
import pytest

from tests.conftest import Connect
from tests.sql.messages.support import Connection, apply, message


def test_each_version_as_it_was(db: Connection, connect: Connect) -> None:
    apply(db, message(), "# source")
    apply(db, message(name="Greeting"))
    viewer = connect(user="pgwhen_viewer")
    row = viewer.execute("select pgwhen.export_message_template('hello')").fetchone()
    assert row and (row[0]["version"], row[0]["definition"], row[0]["source"]) == (2, message(name="Greeting"), None)
    row = viewer.execute("select pgwhen.export_message_template('hello', 1)").fetchone()
    assert row and (row[0]["version"], row[0]["definition"], row[0]["source"]) == (1, message(), "# source")


@pytest.mark.parametrize(
    ("arguments", "said", "hint"),
    [
        ("'helo'", "there is no stored template helo", "Did you mean hello?"),
        ("'hello', 9", "there is no stored template hello, version 9", "pgwhen messages lists them."),
        ("null", "there is no stored template null", "pgwhen messages lists them."),
    ],
)
def test_what_is_not_there(db: Connection, arguments: str, said: str, hint: str) -> None:
    apply(db, message())
    with pytest.raises(psycopg.Error) as caught:
        db.execute(f"select pgwhen.export_message_template({arguments})")  # type: ignore[call-overload]
    assert (caught.value.sqlstate, caught.value.diag.message_primary, caught.value.diag.message_hint) == (
        "WF455",
        said,
        hint,
    )
