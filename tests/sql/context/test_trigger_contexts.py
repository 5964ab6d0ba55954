"""What when.if and suppress_if see, before there is an execution."""

import json
from typing import Any

import pytest

from tests.sql.context.support import Json, World, record, reference


@pytest.fixture
def shop(world: World) -> World:
    world.db.execute(
        """
        create table clients (id integer primary key, email text, vip boolean);
        create table jobs (id integer primary key, title text, client_id integer references clients);
        grant select on clients to pgwhen_actions;
        insert into clients values (1, 'a@example.com', true);
        insert into jobs values (1, 'Boiler', 1), (2, 'Tap', null);
        """
    )
    return world


def contexts(world: World, *asked: tuple[Json, int, int]) -> list[Json]:
    rows = world.owner.execute(
        "select c.ordinal, c.context from pgwhen._trigger_contexts(%s::jsonb[], %s, %s) c",
        [[json.dumps(event) for event, _, _ in asked], [w for _, w, _ in asked], [v for _, _, v in asked]],
    ).fetchall()
    assert [ordinal for ordinal, _ in rows] == list(range(1, len(asked) + 1))
    return [context for _, context in rows]


def is_vip(path: list[str]) -> Json:
    return {"op": "eq", "left": path, "type": "boolean", "right": {"literal": True}, "source": "vip"}


def test_what_the_conditions_read_is_there(shop: World) -> None:
    jobs = shop.attach("jobs")
    nodes = [
        record(["job"], jobs, ["client_id", "title"]),
        reference(["job", "client"], ["client_id"], "public.clients", ["vip"]),
    ]
    by_trigger = shop.publish("by_trigger", nodes, {}, vars={"a": 1})
    shop.trigger(by_trigger, jobs, operations=["insert"], condition=is_vip(["job", "client", "vip"]), needs_record=True)
    suppressed = shop.publish(
        "suppressed", nodes, {}, suppress_if={"op": "not", "of": is_vip(["job", "client", "vip"])}
    )
    by_path = shop.publish("by_path", nodes, {}, suppress_if={"op": "jsonpath", "path": "$.job.client.vip == true"})
    operand = {**is_vip(["new", "vip"]), "right": {"path": ["job", "client", "vip"]}}
    by_operand = shop.publish("by_operand", nodes, {}, suppress_if=operand)
    nothing = shop.publish("nothing", nodes, {}, suppress_if=is_vip(["new", "vip"]))
    event: Json = {
        "event_id": "e",
        "occurred_at": "2026-01-05T10:00:00+02:00",
        "attachment": jobs,
        "key": {"id": 1},
        "new": {"id": 1},
        "old": None,
        "changed": None,
        "input": None,
        "actor": "app",
        "operation": "insert",
        "type": "jobs.created",
        "depth": 1,
        "now": "2026-01-05T10:00:01+02:00",
    }
    asked = [(event, workflow, 1) for workflow in (by_trigger, suppressed, by_path, by_operand, nothing)]
    found = contexts(shop, *asked)
    assert [context.get("job") for context in found] == [
        *[{"client_id": 1, "title": "Boiler", "client": {"vip": True}}] * 4,
        None,
    ]
    assert found[0] == {
        "v": 1,
        "job": {"client_id": 1, "title": "Boiler", "client": {"vip": True}},
        "vars": {"a": 1},
        "now": "2026-01-05T08:00:01+00:00",
        "new": {"id": 1},
        "tenant": {"id": "default"},
        "workflow": {"id": "by_trigger", "name": "By_Trigger", "version": 1},
        "event": {
            "id": "e",
            "type": "jobs.created",
            "table": "jobs",
            "operation": "insert",
            "occurred_at": "2026-01-05T08:00:00+00:00",
            "depth": 1,
            "actor": "app",
        },
    }


def test_the_record_is_read_as_it_is_now_or_missing(shop: World) -> None:
    jobs = shop.attach("jobs")
    nodes = [record(["job"], jobs, ["title"])]
    workflow = shop.publish("w", nodes, {}, suppress_if=is_vip(["job", "title"]))
    events: list[Any] = [{"attachment_id": jobs, "key": {"id": id_}, "new": {"title": "then"}} for id_ in (1, 99)]
    events.append({"type": "invoice.overdue", "input": {"n": 1}})
    found = contexts(shop, *((event, workflow, 1) for event in events))
    assert [context.get("job") for context in found] == [{"title": "Boiler"}, None, None]
    assert found[2]["input"] == {"n": 1}


def test_nothing_asked_is_nothing(world: World) -> None:
    assert contexts(world) == []
