"""Messages in few words."""

from collections.abc import Callable
from typing import Any

import psycopg

from pgwhen.cli.definitions import dump_json
from tests.conftest import Connect

Connection = psycopg.Connection[Any]


def message(id_: str = "hello", **keys: Any) -> dict[str, Any]:
    """A document that is right but for what is given."""
    given = {
        "message": id_,
        "variables": {
            "name": {"description": "First name", "example": "Ann"},
            "link": {"type": "url", "required": False},
        },
        "channels": {
            "email": {
                "en": {"subject": "Hello {{ name }}", "markdown": "Dear {{ name }}"},
                "nl": {"subject": "Hallo {{ name }}", "markdown": "Beste {{ name }}"},
            },
            "sms": {"en": {"text": "Hi {{ name }}{% if link %} {{ link }}{% endif %}"}},
        },
    }
    return {**given, **keys}


def apply(db: Connection, document: Any, *more: Any) -> Any:
    """Apply a document; the plan."""
    places = ", %s" * len(more)
    row = db.execute(  # type: ignore[call-overload]
        f"select pgwhen.apply_message_template(%s::jsonb{places})", [dump_json(document), *more]
    ).fetchone()
    return row[0]


def publish(db: Connection, *steps: dict[str, Any], name: str = "w", **keys: Any) -> Any:
    """Publish a workflow that is started by hand."""
    definition = {"workflow": name, "when": {"manual": True}, "steps": list(steps), **keys}
    row = db.execute("select pgwhen.apply_definition(%s::jsonb)", [dump_json(definition)]).fetchone()
    assert row
    return row[0]


def step(**keys: Any) -> dict[str, Any]:
    """A step that sends the message."""
    given = {"id": "thank", "type": "email", "to": "a@x.test", "template": "hello", "variables": {"name": "Ann"}}
    return {key: value for key, value in {**given, **keys}.items() if value is not None}


def author_of(db: Connection, connect: Connect, login: Callable[..., str], tenant: str = "acme") -> Connection:
    """An author who works for a tenant of their own."""
    login("pgwhen_author")
    author = connect(user="test_pgwhen_author")
    db.execute("insert into pgwhen.tenants (tenant) values (%s)", [tenant])
    db.execute("insert into pgwhen.tenant_roles (role_name, tenant) values (%s, %s)", ["test_pgwhen_author", tenant])
    return author
