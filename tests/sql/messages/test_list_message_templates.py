"""Which templates there are."""

from tests.conftest import Connect
from tests.sql.messages.support import Connection, apply, message, publish, step


def test_the_newest_of_each_with_its_use(db: Connection, connect: Connect) -> None:
    apply(db, message("zeta"))
    apply(db, message())
    apply(db, message(name="Greeting", category="marketing"))
    publish(db, step(), step(id="again"))
    viewer = connect(user="pgwhen_viewer")
    query = "select message, name, version, category, channels, steps, shared from pgwhen.list_message_templates()"
    channels = {"email": ["en", "nl"], "sms": ["en"]}
    assert viewer.execute(query).fetchall() == [
        ("hello", "Greeting", 2, "marketing", channels, 2, False),
        ("zeta", None, 1, None, channels, 0, False),
    ]
