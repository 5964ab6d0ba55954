"""Custom actions: calls, how what they raise is classified, and pollers that do not have them."""

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pgwhen.poller import actions
from pgwhen.poller.channels import Unsendable
from pgwhen.poller.outcome import Outcome
from tests.poller.local_support import KEY, emit, message, perform, published, steps
from tests.poller.support import run as run_poller
from tests.sql.language.support import problems

MODULE = '''
import asyncio, time
from dataclasses import dataclass, asdict
from datetime import date
from decimal import Decimal
from pgwhen.poller.actions import Context, Permanent, Throttled, Transient, action

@dataclass
class Score:
    company: str
    employees: int = 0
    since: date | None = None

@action
def score_lead(params: Score, context: Context) -> dict[str, object]:
    """Scores a lead by the size of its company."""
    context.log.info("scoring")
    return {"score": params.employees // 10, "since": params.since, "key": context.idempotency_key}

@action
async def about(params: dict, context: Context):
    await asyncio.sleep(0)
    names = ("idempotency_key", "attempt", "workflow", "execution", "step", "tenant")
    return {name: getattr(context, name) for name in names}

@action
def fail(params: dict, context: Context):
    raise {
        "permanent": lambda: Permanent("never", code="no"),
        "transient": lambda: Transient("later", retry_after=7),
        "throttled": lambda: Throttled("slower", retry_after=8.5),
        "other": lambda: KeyError("x"),
        "stop": lambda: StopIteration(),
        "exit": lambda: SystemExit(3),
    }[params["how"]]()

@action
async def fail_async(params: dict, context: Context):
    fail(params, context)

@action
def slow(params: dict, context: Context):
    time.sleep(params["seconds"])
    return 1

@action
async def slow_async(params: dict, context: Context):
    try:
        await asyncio.sleep(params["seconds"])
    except asyncio.CancelledError:
        CANCELLED.append(context.step)
        raise

@action
def odd(params: dict, context: Context):
    return {"object": object()} if params["how"] == "object" else "x" * 2_000_000

CANCELLED = []
'''


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A module with actions, on the path."""
    import sys

    (tmp_path / "acme_actions.py").write_text(MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    actions.load.cache_clear()
    yield "acme_actions"
    actions.load.cache_clear()
    sys.modules.pop("acme_actions", None)


def call(name: str, timeout: float = 10.0, extra: Any = None, **given: Any) -> Outcome:
    """One attempt."""
    frozen = message("action", name=name, **{"with": given})
    return perform("action", frozen, {"modules": "acme_actions"}, extra, timeout)


def test_parameters_come_as_their_type_and_the_result_as_json() -> None:
    outcome = call("score_lead", company="Łuk & Co", employees=120, since="2026-01-02")
    assert outcome.output == {"score": 12, "since": "2026-01-02", "key": KEY}, outcome
    wrong = call("score_lead", company="x", employees="many")
    assert wrong.class_ == "permanent" and wrong.error == {
        "code": "parameters",
        "message": "with.employees is 'many', not integer",
    }


def test_the_context_says_for_whom_it_is() -> None:
    outcome = call("about", extra={"workflow": "welcome", "tenant": "acme"})
    assert outcome.output == {
        "idempotency_key": KEY,
        "attempt": 1,
        "workflow": "welcome",
        "execution": "0190-ex",
        "step": "thank",
        "tenant": "acme",
    }


@pytest.mark.parametrize("name", ["fail", "fail_async"])
@pytest.mark.parametrize(
    ("how", "class_", "code", "retry_after"),
    [
        ("permanent", "permanent", "no", None),
        ("transient", "transient", "action", 7),
        ("throttled", "throttled", "action", 8.5),
        ("other", "transient", "KeyError", None),
    ],
)
def test_what_it_raises_says_what_follows(
    name: str, how: str, class_: str, code: str, retry_after: float | None
) -> None:
    outcome = call(name, how=how)
    assert outcome.error
    assert (outcome.class_, outcome.error["code"], outcome.retry_after) == (class_, code, retry_after)


@pytest.mark.parametrize("how", ["stop", "exit"])
def test_an_action_cannot_end_the_poller(how: str) -> None:
    outcome = call("fail", how=how)
    assert outcome.class_ == "transient" and outcome.error and outcome.error["code"] == "RuntimeError"


def test_what_takes_too_long_is_cancelled_or_left_alone_and_uncertain() -> None:
    import acme_actions  # type: ignore[import-not-found]

    began = time.monotonic()
    assert call("slow_async", timeout=0.2, seconds=30).class_ == "uncertain"
    assert acme_actions.CANCELLED == ["thank"]
    assert call("slow", timeout=0.2, seconds=2).class_ == "uncertain"
    assert time.monotonic() - began < 1.5


def test_plain_functions_do_not_hold_up_the_loop() -> None:
    from pgwhen.poller.channels import Attempt, Connection
    from pgwhen.poller.channels import action as channel

    frozen = message("action", name="slow", **{"with": {"seconds": 0.3}})
    connection = Connection("action", "action", {"modules": "acme_actions"})

    async def many() -> list[Any]:
        attempts = [Attempt(f"e:s{n}:1:0", 1, 5.0, connection, str) for n in range(20)]
        return await asyncio.gather(*(channel.request(frozen, attempt).run() for attempt in attempts))

    began = time.monotonic()
    assert [outcome.output for outcome in asyncio.run(many())] == [1] * 20
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(
    ("how", "text"), [("object", "an object has no JSON form"), ("large", "it has 2000002 characters")]
)
def test_a_result_that_cannot_be_stored_is_not_tried_again(how: str, text: str) -> None:
    outcome = call("odd", how=how)
    assert outcome.class_ == "permanent" and outcome.error and text in outcome.error["message"]
    assert "was performed" in outcome.error["message"]


def test_one_that_this_poller_does_not_have_fails_or_is_given_back() -> None:
    with pytest.raises(Unsendable, match="no poller has the action other: install the package"):
        call("other")
    outcome = call("other", extra={"announced": True})
    assert (outcome.class_, outcome.retry_after) == ("throttled", 5.0)
    assert outcome.error and "waits for one that has" in outcome.error["message"]


@pytest.mark.parametrize("given", [[1], "x", 7])
def test_parameters_are_an_object(given: Any) -> None:
    with pytest.raises(Unsendable, match="with is not an object"):
        message("action", name="about", **{"with": given})


# ---------------------------------------------------------------- in the engine


def test_from_announcing_to_output(dsn: str, db: psycopg.Connection[Any], module: str) -> None:
    environ = {"PGWHEN_ACTIONS": module}
    run_poller(dsn, environ)
    listed = {row[0]: row for row in db.execute("select * from pgwhen.list_actions()").fetchall()}
    assert listed["score_lead"][1] == "Scores a lead by the size of its company."
    assert listed["score_lead"][2]["required"] == ["company"] and len(listed["score_lead"][3]) == 1
    name = published(
        db,
        {"type": "action", "name": "score_lead", "with": {"company": "{{ input.who }}", "employees": "{{ input.n }}"}},
        {"type": "action", "name": "fail", "with": {"how": "permanent"}, "on_error": "continue"},
    )
    emit(db, name, {"who": "Łuk", "n": 70})
    found = steps(db, dsn, name, environ)
    assert found["s1"]["output"]["score"] == 7 and found["s1"]["output"]["key"].endswith(":s1:1:0"), found["s1"]
    assert found["s2"]["status"] == "failed" and found["s2"]["error"]["code"] == "no"


def test_publish_knows_what_pollers_have(dsn: str, db: psycopg.Connection[Any], module: str) -> None:
    def found(**step: Any) -> list[tuple[str, ...]]:
        definition = {"workflow": "w", "when": {"event": "go"}, "steps": [{"id": "s", "type": "action", **step}]}
        return problems(db, json.loads(json.dumps(definition)))

    def codes(**step: Any) -> list[str]:
        return [row[0] for row in found(**step)]

    assert [row for row in found(name="score_lead") if "WF444" in row], "a warning while nothing is known"
    run_poller(dsn, {"PGWHEN_ACTIONS": module})
    assert not found(name="score_lead", **{"with": {"company": "x", "employees": 7}})
    assert not found(name="score_lead", **{"with": {"company": "{{ event.id }}", "employees": "{{ event.type }}"}})
    assert [row for row in found(name="score_leed") if "WF442" in row]
    for given in (
        {},
        {"company": 7},
        {"company": "x", "employee": 1},
        {"company": "x", "employees": "n {{ event.id }}"},
    ):
        assert [row for row in found(name="score_lead", **{"with": given}) if "WF443" in row], given


def test_a_poller_without_it_fails_the_step_clearly(dsn: str, db: psycopg.Connection[Any]) -> None:
    name = published(db, {"type": "action", "name": "never_seen"})
    emit(db, name)
    found = steps(db, dsn, name)["s1"]
    assert found["status"] == "failed" and found["error"]["code"] == "no_action"
    assert "start pgwhen poll --actions MODULE" in found["error"]["message"]


# ---------------------------------------------------------------- the example

EXAMPLE = Path(__file__).resolve().parents[3] / "docs" / "examples" / "actions"


def test_the_example_package_runs(dsn: str, db: psycopg.Connection[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Its entry points as pip would install them, a service that fails once, and the workflow beside it."""
    import tomllib

    from pgwhen.cli.definitions import read_file
    from tests.servers import Answer, http_server

    monkeypatch.syspath_prepend(str(EXAMPLE))
    points = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())["project"]["entry-points"]["pgwhen.actions"]
    actions.load.cache_clear()
    assert sorted(actions.load("acme_actions")) == sorted(points)
    for name, value in points.items():
        assert value == f"acme_actions:{actions.load('acme_actions')[name].function.__name__}"
    with http_server() as rates:
        rates.script += [503, Answer(200, b'{"rate": 4.25}')]
        monkeypatch.setenv("RATES_URL", rates.url)
        run_poller(dsn, {"PGWHEN_ACTIONS": "acme_actions"})
        definition = read_file(EXAMPLE / "score_lead.yaml")[0].definition
        assert problems(db, definition) == []
        db.execute("select pgwhen.apply_definition(%s)", [json.dumps(definition)])
        lead = {"email": "zoe@łuk.example", "employees": 120}
        db.execute("select pgwhen.emit_event('lead.arrived', %s)", [json.dumps(lead)])
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            found = steps(db, dsn, "score_new_leads", {"PGWHEN_ACTIONS": "acme_actions"})
            if found.get("noted", {}).get("status") == "completed":
                break
            time.sleep(0.2)
    assert found["score"]["output"] == {
        "score": 72,
        "reasons": ["has an address of its own", "is large", "was recommended"],
    }
    assert found["noted"]["output"]["score"] == 72 and float(found["noted"]["output"]["rate"]) == 4.25
    keys = {call.headers["idempotency-key"] for call in rates.received}
    assert len(rates.received) == 2 and len(keys) == 1, "the same key for both attempts"


def test_the_context_of_a_real_execution(dsn: str, db: psycopg.Connection[Any], module: str) -> None:
    name = published(db, {"type": "action", "name": "about"})
    emit(db, name)
    output = steps(db, dsn, name, {"PGWHEN_ACTIONS": module})["s1"]["output"]
    execution = output["execution"]
    assert output == {
        "idempotency_key": f"{execution}:s1:1:0",
        "attempt": 1,
        "workflow": name,
        "execution": execution,
        "step": "s1",
        "tenant": "default",
    }
    assert db.execute("select count(*) from pgwhen.executions where execution_id = %s", [execution]).fetchone() == (1,)


def test_a_poller_without_it_leaves_it_to_one_that_has_it(dsn: str, db: psycopg.Connection[Any], module: str) -> None:
    run_poller(dsn, {"PGWHEN_ACTIONS": module})
    name = published(db, {"type": "action", "name": "about"})
    emit(db, name)
    waiting = steps(db, dsn, name)["s1"]
    assert (waiting["status"], waiting["tries"]) == ("sleeping", 0), waiting
    assert waiting["error"]["code"] == "elsewhere"
    db.execute("update pgwhen.sleepers set due_at = now()")
    done = steps(db, dsn, name, {"PGWHEN_ACTIONS": module})["s1"]
    assert done["status"] == "completed" and done["output"]["step"] == "s1", done
