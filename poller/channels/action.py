"""Custom actions in Python (poller/actions.py).

A frozen action: ``{name, with}``. The database says with the claim (``extra``) for which workflow and tenant it is, and
whether another poller has announced the action: one that this poller does not have is then given back, else it fails.
"""

import asyncio
import contextvars
import functools
import logging
import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from .. import actions
from ..actions import Action, ActionError, Context, Throttled, Transient
from ..outcome import Failure, Outcome, failed, of_failure
from ..templates import dumps
from . import Attempt, Call, Connection, Unsendable

CHANNEL = "action"
SETTINGS: Mapping[str, str] = {"modules": "modules of custom actions, with commas"}
SECRETS: Mapping[str, str] = {}
VARIABLES: Mapping[str, str] = {"PGWHEN_ACTIONS": "modules"}
REQUIRED = ()
KEYS: Mapping[str, str] = {"with": "json"}

MAX_OUTPUT = 1 << 20  # characters of a result as JSON

#: Seconds after which an action that was given back is offered to the pollers again.
GIVEN_BACK = 5.0

log = logging.getLogger(__name__)


def message(definition: Mapping[str, Any], connection: Connection, key: str, now: datetime) -> dict[str, Any]:
    """The action to freeze, from the rendered definition. Raises Unsendable naming the key that is wrong."""
    name, given = str(definition.get("name") or ""), definition.get("with")
    if not name:
        raise Unsendable("name is missing")
    if given is not None and not isinstance(given, Mapping):
        raise Unsendable("with is not an object of parameters")
    return {"name": name, "with": given or {}}


def recipients(message: Mapping[str, Any]) -> list[str]:
    """Actions have no recipients."""
    return []


def request(message: Mapping[str, Any], attempt: Attempt) -> Call:
    """The call of the function. Raises Unsendable for an action that no poller has."""
    name = message["name"]
    known = actions.load(attempt.connection.settings.get("modules", ""))
    if name in known:
        run = functools.partial(_perform, known[name], message["with"], attempt)
        return Call(run, attempt.timeout, safe=False)
    if not attempt.extra.get("announced"):
        raise Unsendable(
            f"no poller has the action {name}: install the package that has it, or start pgwhen poll --actions MODULE",
            "no_action",
        )
    text = f"this poller does not have the action {name}; it waits for one that has"
    return Call(
        functools.partial(_given, failed("throttled", "elsewhere", text, retry_after=GIVEN_BACK)), attempt.timeout
    )


def outcome(answer: Outcome | Failure) -> Outcome:
    """What became of it."""
    return of_failure(answer) if isinstance(answer, Failure) else answer


async def _given(answer: Outcome) -> Outcome:
    return answer


async def _perform(action: Action, given: Mapping[str, Any], attempt: Attempt) -> Outcome:
    try:
        params = actions.parsed(action.parameters, given)
    except ActionError as error:
        return failed("permanent", error.code, str(error))
    context = _context(attempt)
    try:
        result = await (action.function(params, context) if action.is_async else _in_thread(action, params, context))
    except Throttled as error:
        return failed("throttled", error.code, str(error), retry_after=error.retry_after)
    except Transient as error:
        return failed("transient", error.code, str(error), retry_after=error.retry_after)
    except ActionError as error:
        return failed("permanent", error.code, str(error))
    except Exception as error:
        context.log.exception("the action %s raised an exception", action.name)
        return failed("transient", type(error).__name__, f"the action {action.name}: {type(error).__name__}: {error}")
    return _done(action, result)


def _done(action: Action, result: Any) -> Outcome:
    """It was performed, whatever it returned: another attempt would perform it again."""
    try:
        output = actions.storable(result)
        if (size := len(dumps(output))) > MAX_OUTPUT:
            raise ValueError(f"it has {size} characters; {MAX_OUTPUT} are possible")
    except (ValueError, RecursionError) as error:
        text = f"the action {action.name} was performed, and its result cannot be stored: {error}"
        return failed("permanent", "result", text)
    return Outcome("ok", cast(Any, output))


async def _in_thread(action: Action, params: Any, context: Context) -> Any:
    """Run a plain function in a thread of its own, which does not keep the poller from ending."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[Any] = loop.create_future()
    within = contextvars.copy_context()

    def settle(result: Any, error: BaseException | None) -> None:
        if done.done():
            log.warning("the action %s ended after its time", action.name)
        elif error:
            done.set_exception(error)
        else:
            done.set_result(result)

    def work() -> None:
        result: Any = None
        error: BaseException | None = None
        try:
            result = within.run(action.function, params, context)
        except StopIteration as raised:  # a future does not take it
            error = RuntimeError(f"StopIteration: {raised}")
        except BaseException as raised:
            error = raised if isinstance(raised, Exception) else RuntimeError(f"{type(raised).__name__}: {raised}")
        try:
            loop.call_soon_threadsafe(settle, result, error)
        except RuntimeError:  # the poller has ended meanwhile
            log.warning("the action %s ended after the poller", action.name)

    threading.Thread(target=work, name=f"action {action.name}", daemon=True).start()
    return await done


def _context(attempt: Attempt) -> Context:
    execution, step = attempt.key.split(":")[:2]
    about = {"execution_id": execution, "step_id": step, "attempt": attempt.number}
    return Context(
        idempotency_key=attempt.key,
        attempt=attempt.number,
        workflow=str(attempt.extra.get("workflow") or ""),
        execution=execution,
        step=step,
        tenant=str(attempt.extra.get("tenant") or attempt.connection.tenant),
        timeout=attempt.timeout,
        log=logging.LoggerAdapter(log, about),
    )
