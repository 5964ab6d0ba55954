"""Endpoints, and webhooks to them in the real engine without a network."""

import json
from collections.abc import Sequence
from typing import Any

from tests.sql.engine.support import Connection, Workflow, attachment, define, happen, identity

URL = "https://example.com/webhooks"

#: Webhooks are not handed to pollers that do not know them.
POLLER = json.dumps({"id": "test", "contract": 2, "connections": []})


def claim(db: Connection) -> list[dict[str, Any]]:
    """Tick and claim; the actions."""
    found: list[dict[str, Any]] = one(db, "select pgwhen.tick_and_claim(100, 60, %s)", POLLER)["actions"]
    return found


def add(db: Connection, name: str = "orders", url: str = URL, secret: str = "env:ORDERS_SECRET") -> Any:
    """Register an endpoint."""
    return one(db, "select pgwhen.add_endpoint(%s, %s, %s)", name, url, secret)


def show(db: Connection, name: str = "orders") -> dict[str, Any]:
    """An endpoint as a document."""
    found: dict[str, Any] = one(db, "select pgwhen.show_endpoint(%s)", name)
    return found


def one(db: Connection, query: str, *parameters: Any) -> Any:
    """The first column of the first row."""
    row = db.execute(query, parameters).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return row[0]


def tell(db: Connection, *steps: str, name: str = "w", endpoint: str = "orders", **more: Any) -> Workflow:
    """A workflow with webhooks to an endpoint, beside each other."""
    made = define(
        db,
        [{"id": step, "type": "webhook"} | more for step in steps or ("tell",)],
        name=name,
        attachment_id=attachment(db, f"table_of_{name}"),
    )
    definition = json.dumps({"endpoint": endpoint, "event": "order.paid", "data": {"id": "{{ new.id }}"}})
    db.execute("update pgwhen.steps set definition = %s where workflow_id = %s", [definition, made.workflow_id])
    return made


def begin(db: Connection, workflow: Workflow, *ids: int) -> list[dict[str, Any]]:
    """Rows come, their webhooks are claimed."""
    happen(db, workflow, *({"id": id_} for id_ in ids or (1,)))
    return claim(db)


def freeze(db: Connection, actions: Sequence[dict[str, Any]], endpoint: str = "orders") -> list[str]:
    """Freeze the webhook of each action; the verdicts."""
    messages = [
        identity(action)
        | {"channel": "webhook", "connection": "webhook", "recipients": []}
        | ({"message": message(action, endpoint)} if action["frozen"] is None else {})
        for action in actions
    ]
    verdicts = one(db, "select pgwhen.freeze_actions(%s)", json.dumps(messages))
    return [verdict["verdict"] for verdict in verdicts]


def message(action: dict[str, Any], endpoint: str = "orders") -> dict[str, Any]:
    """What the adapter freezes."""
    body = '{"type":"order.paid","timestamp":"2025-03-01T12:00:00.000Z","data":{"id":1}}'
    return {"endpoint": endpoint, "id": action["idempotency_key"], "event": "order.paid", "body": body}


def report(
    db: Connection, actions: Sequence[dict[str, Any]], class_: str, endpoint: Any, text: str = "no", **more: Any
) -> None:
    """Report one result for all actions, with what it tells of the endpoint."""
    error = None if class_ == "ok" else {"code": "webhook_500", "message": text}
    reports = [
        identity(action)
        | {"class": class_, "error": error, "output": {"status": 200} if class_ == "ok" else None}
        | {"extra": {"endpoint": endpoint}}
        | more
        for action in actions
    ]
    db.execute("select pgwhen.report_actions(%s)", [json.dumps(reports)])


def fail(db: Connection, actions: Sequence[dict[str, Any]], class_: str = "transient") -> None:
    """The receiver answers 500."""
    report(db, actions, class_, {"ok": False}, "the receiver answered 500")


__all__ = ["Connection", "add", "begin", "claim", "fail", "freeze", "message", "one", "report", "show", "tell"]
