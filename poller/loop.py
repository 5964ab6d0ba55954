"""The loop: claim, render, freeze, send, report, until told to stop or nothing is left.

These tasks share what is *held* (claimed and not yet reported). The claimer fetches ahead while others send, and sleeps
at the door. The sender freezes as many messages as there are free places, so that only what is being sent is
``sending`` in the database; what is pending at that moment for a connection with calls for many messages leaves in one
(batches.py), which takes one place. The reporter delivers results in batches. The heartbeat extends leases. Database
steps need no network: a few runners have PostgreSQL do them, each call with its result in one commit.

An action's error never touches another: what cannot be rendered is reported, what the database refuses is halved until
the guilty row stands alone.
"""

import asyncio
import contextlib
import functools
import logging
import signal
import time
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import psycopg

from . import batches, failpoints
from .action import Action, Summary, fields_of, key_of
from .batches import Sending
from .channels.email import name_documents
from .database import STATEMENTS, Database
from .http import HttpClient
from .mail import Mailer
from .outcome import Outcome, failed
from .perform import TIMEOUT, Performer, Prepared
from .render import RenderError, recipients_of, render
from .settings import Settings

log = logging.getLogger(__name__)

#: Seconds: how long results are collected while others are due; the share of a limited run kept for finishing; for a
#: last report; how long rendering may keep everything else waiting.
COLLECT = 0.005
RESERVE = 0.2
LAST_REPORT = 0.5
LONGEST_RENDERING = 0.001

#: Sends that begin together. Their answers come together: a hundred in step wait for each other, and places stay empty.
AT_ONCE = 8

#: Freezes that are looked back on: as many places as became free during one of them may do so during the next.
FREEZES = 16

#: Seconds after which what was prepared is made anew: tokens and the times of signatures are in it.
STALE = 1.0

#: Seconds between looks after work, before the poller goes to the door: while rows keep coming, none costs a NOTIFY.
QUIET = (0.005,)

#: Seconds to look again while another poller ticks: the first pause and the longest.
BUSY_PAUSE = 0.005
LONGEST_BUSY_PAUSE = 0.5

#: Seconds that an outage of the database is waited out: by a run with an end, and when stopping.
PATIENCE = 30.0
PATIENCE_AT_END = 10.0

#: Bytes of documents, in base64, in one call of report_actions.
DOCUMENTS = 32 << 20

#: Seconds to look again when the door is somebody else's.
NO_DOOR_PAUSE = 1.0

NOT_SENT = "the poller was stopped before it sent the message"


class Poller:
    """One run. ``stop`` may be called from a signal handler: once to finish, twice to hurry."""

    def __init__(self, settings: Settings, database: Database, performer: Performer) -> None:
        self.settings = settings
        self.database = database
        self.performer = performer
        self.summary = Summary()
        self.stopping = False
        self._hurrying = False
        self._started = time.monotonic()
        self._longest = 0.0
        self._answered = False
        self._held: dict[tuple[Any, ...], Action] = {}
        self._pending: deque[Action] = deque()
        self._frozen: deque[Sending] = deque()
        self._statements: asyncio.Queue[Action] = asyncio.Queue()
        self._reports: list[dict[str, Any]] = []
        self._sends: set[asyncio.Task[None]] = set()
        self._ended = 0  # sends so far
        self._freed: deque[int] = deque([0], maxlen=FREEZES)  # places, during each of the last freezes
        self._woken = asyncio.Event()  # the claimer's
        self._changed = asyncio.Event()  # the sender's
        self._reported = asyncio.Event()  # the reporter's

    # ------------------------------------------------------------ life

    async def run(self) -> Summary:
        """Work until stopped, or with ``once`` until nothing is due; finish or give back what is held."""
        settings = self.settings
        end = self._started + settings.max_seconds if settings.max_seconds else None
        self.database.be_patient(PATIENCE if settings.once else None, end)
        timer = None
        names = ", ".join(connection.name for connection in self.settings.connections)
        log.info("started as %s: %s", settings.poller_id, names)
        if (left := self._left()) is not None:
            timer = asyncio.get_running_loop().call_later(left - self._reserve(), self.stop)
        async with asyncio.TaskGroup() as group:
            helpers = [group.create_task(work()) for work in (self._send, self._report, self._beat)]
            helpers += [group.create_task(self._run_statements(line)) for line in range(STATEMENTS)]
            try:
                await self._claim()
                await self._drain()
            finally:
                for helper in (*helpers, *self._sends):
                    helper.cancel()
        if timer:
            timer.cancel()
        log.info("stopped: %s", ", ".join(f"{name} {count}" for name, count in self.summary.as_dict().items()))
        return self.summary

    def stop(self) -> None:
        """Claim no more; finish what is being sent, give back the rest. A second time: do not wait for answers."""
        if self._left() is None:
            if self.stopping:
                self._hurry()
            self.database.be_patient(PATIENCE_AT_END)
        self.stopping = True
        self._woken.set()
        self._changed.set()

    def _hurry(self) -> None:
        self._hurrying = True
        for send in self._sends:
            send.cancel()

    def _left(self) -> float | None:
        """Seconds left of a limited run."""
        limit = self.settings.max_seconds
        return None if limit is None else self._started + limit - time.monotonic()

    def _reserve(self) -> float:
        """Seconds before the end in which nothing new is claimed: a fifth, or what the longest attempt took."""
        limit = self.settings.max_seconds or 0.0
        return min(max(limit * RESERVE, min(1.0, limit / 2), self._longest), limit / 2)

    async def _drain(self) -> None:
        self.stopping = True
        self._changed.set()
        unsent = list(self._pending)
        self._pending.clear()
        while not self._statements.empty():
            unsent.append(self._statements.get_nowait())
        if unsent:
            self.summary.given_back += await self._extend(unsent, 0.0)
            for action in unsent:
                self._forget(action.claimed)
        left = self._left()
        try:
            async with asyncio.timeout(None if left is None else max(left - LAST_REPORT, 0.0)):
                while self._held:
                    await self._next_change()
        except TimeoutError:
            self._hurry()
        while self._held:
            await self._next_change()

    async def _next_change(self) -> None:
        await self._woken.wait()
        self._woken.clear()

    # ------------------------------------------------------------ claim

    async def _claim(self) -> None:
        idle = 0
        while not self.stopping:
            most = await self._room()
            if self.stopping or self._is_late():
                return
            answer = await self._ask(self.database.tick_and_claim, most)
            moved = answer is None or await self._take(answer)
            idle = 0 if moved else idle + 1
            if answer is None or (moved and (self.settings.once or _is_busy(answer))):
                continue
            if not self.settings.once:
                idle = 0 if await self._rest(answer, most, idle) else idle
            elif self._held:
                await self._next_change()
                idle = 0
            elif _is_busy(answer) and idle <= 20:
                await asyncio.sleep(_busy_pause(idle))
            else:
                return

    def _is_late(self) -> bool:
        left = self._left()
        return left is not None and left < self._reserve()

    async def _room(self) -> int:
        """How many actions to claim: one batch is fetched ahead of the places."""
        most, batch = self.settings.concurrency + self.settings.batch, self.settings.batch
        while not self.stopping and most - len(self._held) < max(1, batch // 2):
            await self._next_change()
        return min(batch, most - len(self._held))

    async def _ask(self, call: Callable[..., Awaitable[dict[str, Any]]], most: int) -> dict[str, Any] | None:
        """Claim. An error that is no outage ends a poller that never got an answer; a later one is waited out."""
        try:
            answer = await call(most, self.settings.lease, self.settings.poller)
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            if self.settings.once or not self._answered:
                raise
            log.error("claiming failed: %s", error)
            await asyncio.sleep(min(self.settings.fallback, 5.0))
            return None
        self._answered = True
        if "connections" in answer:
            self.settings.connections.learn(answer["connections"], answer["connections_revision"])
        return answer

    async def _take(self, answer: dict[str, Any]) -> bool:
        """Hold and render what was claimed; whether anything moved."""
        counts = [count for count in (answer["tick"] or {}).values() if type(count) is int]
        self.summary.dispatched += (answer["tick"] or {}).get("dispatched", 0)
        claimed = answer["actions"]
        if claimed:
            failpoints.hit("after_claim")
        pause = now = time.monotonic()
        batched = list[Action]()
        for raw in claimed:
            self._held[key_of(raw)] = action = Action(raw, now)
            self.summary.claimed += 1
            if (raw.get("extra") or {}).get("database"):
                self._statements.put_nowait(action)
            elif self._prepare(action):
                (batched if action.batch.get("id") else self._pending).append(action)
            if time.monotonic() - pause > LONGEST_RENDERING:
                await asyncio.sleep(0)  # answers and leases do not wait for templates
                pause = time.monotonic()
        # Together, so that the sender never sees a part of a batch.
        self._pending += batched
        if claimed:
            failpoints.hit("after_render")
            self._changed.set()
        return bool(claimed or any(counts))

    def _prepare(self, action: Action) -> bool:
        """Render, or take what was frozen before; whether it can be sent. What cannot be rendered is reported."""
        claimed = action.claimed
        try:
            if problem := (claimed.get("extra") or {}).get("error"):
                raise RenderError(str(problem.get("code")), str(problem.get("message")))
            if claimed.get("frozen"):
                action.channel, action.connection = claimed["type"], claimed["connection"]
                action.message = claimed["frozen"]
                action.recipients = recipients_of(action.channel, action.message)
            else:
                rendered = render(claimed, self.settings.connections, datetime.now(UTC))
                action.channel, action.connection = rendered.channel, rendered.connection.name
                action.message, action.recipients = rendered.message, rendered.recipients
                if action.channel == "email":
                    name_documents(action.message, claimed["context"] or {})
        except RenderError as error:
            self._result(action, failed("permanent", error.code, str(error)), datetime.now(UTC))
        except Exception as error:
            log.exception("an action cannot be rendered", extra=fields_of(claimed))
            outcome = failed("permanent", "poller", f"step {claimed['step_id']}: {type(error).__name__}: {error}")
            self._result(action, outcome, datetime.now(UTC))
        else:
            return True
        return False

    async def _rest(self, answer: dict[str, Any], most: int, idle: int) -> bool:
        """Sleep until something is due or the bell rings; whether there was work at the door."""
        if _is_busy(answer):
            await self._sleep(_busy_pause(idle))
        elif idle < len(QUIET):
            await self._sleep(min(QUIET[idle], self._until_due(answer)))
        elif not self.database.doorbell:
            await self._sleep(self._until_due(answer))
        elif await self.database.go_to_door():
            again = await self._ask(self.database.look_again, most)
            if again is None or await self._take(again) or _is_busy(again):
                await self.database.leave_door()
                return True
            await self.database.wait(self._until_due(again), self._woken)
        else:
            await self.database.wait(min(self._until_due(answer), NO_DOOR_PAUSE), self._woken)
        return False

    async def _sleep(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._next_change()

    def _until_due(self, answer: dict[str, Any]) -> float:
        """Seconds until the next thing is due by this machine's clock, at most the fallback."""
        if not answer["next_due"]:
            return self.settings.fallback
        seconds = (datetime.fromisoformat(answer["next_due"]) - datetime.now(UTC)).total_seconds()
        return min(max(seconds, 0.05), self.settings.fallback)

    # ------------------------------------------------------------ send

    async def _send(self) -> None:
        while True:
            await self._changed.wait()
            self._changed.clear()
            while not self.stopping and self._pending and (free := self._free() + self._early()) > 0:
                ended = self._ended
                await self._freeze_and_start(batches.form(self._next(free), self.settings.connections))
                # Places that became free meanwhile stood empty: next time there is a message for as many. With slow
                # receivers none do, and nothing is frozen before it can leave.
                self._freed.append(self._ended - ended)

    def _free(self) -> int:
        return self.settings.concurrency - len(self._sends)

    def _early(self) -> int:
        """How many to freeze beyond the free places; none near the end of a limited run, where they might not leave."""
        left = self._left()
        ahead = min(max(self._freed), self.settings.concurrency // 2)
        return (ahead if left is None or left > 2 * self._reserve() else 0) - len(self._frozen)

    def _next(self, free: int) -> list[Action]:
        """What is pending, for as many calls as there are places; members of a batch come together."""
        group, calls, known = list[Action](), set[Any](), set[str]()
        while self._pending and len(group) < self.settings.batch:
            action = self._pending[0]
            call = batches.batch_of(action, self.settings.connections) or key_of(action.claimed)
            if call not in calls and len(calls) == free:
                break
            calls.add(call)
            known.add(action.batch.get("id") or "")
            group.append(self._pending.popleft())
        if known := known - {""}:
            rest = [action for action in self._pending if action.batch.get("id") in known]
            group += rest
            self._pending = deque(action for action in self._pending if action.batch.get("id") not in known)
        return group

    async def _freeze_and_start(self, sendings: Sequence[Sending]) -> None:
        """Freeze, then send what may be sent, as places allow; the rest is the database's again."""
        freezing = asyncio.create_task(self._freeze([action for sending in sendings for action in sending.actions]))
        try:
            await asyncio.sleep(0)  # until it is asked
            self._prepare_first(sendings)
            verdicts = await freezing
        finally:
            freezing.cancel()
        failpoints.hit("after_freeze")
        for sending in sendings:
            for action in sending.actions:
                answer = verdicts.get(key_of(action.claimed), {})
                action.take(answer.get("extra") or {})
                if answer.get("verdict") not in ("send", "reported"):
                    self._forget(action.claimed)
            if allowed := sending.allowed(verdicts):
                self._frozen.append(allowed)
        self._fill()

    def _prepare_first(self, sendings: Sequence[Sending]) -> None:
        """Get as far as may be while the database freezes: what begins first leaves as soon as it may."""
        if self._left() is not None:
            return  # how long an attempt may take is known when it begins
        for sending in sendings[:AT_ONCE]:
            action = sending.actions[0]
            if not sending.batch_id and not action.message.get("documents"):
                action.prepared = self.performer.prepare(action.claimed, action.connection, action.message)

    def _fill(self) -> None:
        """Send what is frozen, a few at once (AT_ONCE): the next few when these have got as far as they can."""
        for _ in range(AT_ONCE):
            if not self._frozen or (self._free() <= 0 and not self._hurrying):
                return
            self._start(self._frozen.popleft())
        asyncio.get_running_loop().call_soon(self._fill)

    def _start(self, sending: Sending) -> None:
        if self._hurrying:
            self._results(sending, failed("transient", "stopped", NOT_SENT))
            return
        send = asyncio.create_task(self._perform(sending))
        self._sends.add(send)
        send.add_done_callback(functools.partial(self._sent, sending))

    def _sent(self, sending: Sending, send: asyncio.Task[None]) -> None:
        self._sends.discard(send)
        self._ended += 1
        self._fill()
        self._changed.set()
        if send.cancelled():  # before it began
            self._results(sending, failed("transient", "stopped", NOT_SENT))
        elif error := send.exception():
            fields = fields_of(sending.actions[0].claimed)
            log.error("an attempt ended in an error of the poller", exc_info=error, extra=fields)
            self._results(sending, failed("uncertain", "poller", repr(error)))

    async def _freeze(self, group: Sequence[Action]) -> dict[tuple[Any, ...], dict[str, Any]]:
        """The verdicts. A message that the database cannot hold is reported; nothing of it has left."""
        try:
            verdicts = await self.database.freeze_actions([action.frozen for action in group])
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            if len(group) > 1:
                half = len(group) // 2
                return await self._freeze(group[:half]) | await self._freeze(group[half:])
            log.error("a message cannot be frozen: %s", error, extra=fields_of(group[0].claimed))
            if outcome := _refused(group[0], error):
                self._result(group[0], outcome, datetime.now(UTC))
                return {key_of(group[0].claimed): {"verdict": "reported"}}
            return {}
        return {key_of(verdict): verdict for verdict in verdicts}

    async def _perform(self, sending: Sending) -> None:
        started, began = datetime.now(UTC), time.monotonic()
        left = self._left()
        limit = None if left is None else max(left - LAST_REPORT, 0.1)
        if sending.batch_id:
            outcomes = await batches.perform(self.performer, sending, limit)
        else:
            (action,) = sending.actions
            prepared = action.prepared
            if prepared is None or (isinstance(prepared, Prepared) and began - prepared.at > STALE):
                prepared = self.performer.prepare(action.claimed, action.connection, action.message, limit)
            outcomes = [await self.performer.send(prepared)]
        self._longest = max(self._longest, time.monotonic() - began)
        failpoints.hit("after_send")
        if outcomes is None:
            # Stored before anything leaves: from now on each has its own key.
            await self._freeze_and_start(sending.alone())
            return
        for action, outcome in zip(sending.actions, outcomes, strict=True):
            self._result(action, outcome, started)

    # ------------------------------------------------------------ database steps

    async def _run_statements(self, line: int) -> None:
        while True:
            action = await self._statements.get()
            try:
                answer = {"again": True}
                while answer.get("again"):
                    answer = await self.database.run_database_step(action.ref, self._statement_timeout(action), line)
            except psycopg.Error as error:
                # Nothing has remained of it, or its result was recorded too: its lease tells, when it has run out.
                log.error("a database step broke off: %s", str(error).strip(), extra=fields_of(action.claimed))
            else:
                self._count_statement(action, answer)
            self._forget(action.claimed)

    def _statement_timeout(self, action: Action) -> float:
        left, timeout = self._left(), float(action.claimed.get("timeout_seconds") or TIMEOUT)
        return timeout if left is None else min(timeout, max(left - LAST_REPORT, 0.1))

    def _count_statement(self, action: Action, answer: dict[str, Any]) -> None:
        class_, error, fields = answer["class"], answer.get("error") or {}, fields_of(action.claimed)
        if class_ is None:
            self.summary.late += 1
        elif class_ == "ok":
            self.summary.ok += 1
            log.debug("%s done", action.claimed["type"], extra=fields | {"class": class_})
        else:
            self.summary.failed += 1
            log.warning("%s", error.get("message"), extra=fields | {"class": class_, "code": error.get("code")})

    # ------------------------------------------------------------ report

    def _results(self, sending: Sending, outcome: Outcome) -> None:
        """The same result for all messages of a call."""
        for action in sending.actions:
            self._result(action, outcome, datetime.now(UTC))

    def _result(self, action: Action, outcome: Outcome, started: datetime) -> None:
        """Note the result of an attempt for the reporter."""
        ok = outcome.class_ == "ok"
        fields = fields_of(action.claimed) | {"connection": action.connection or None, "class": outcome.class_}
        if ok:
            self.summary.ok += 1
            log.debug("%s sent", action.claimed["type"], extra=fields)
        else:
            self.summary.failed += 1
            error = outcome.error or {}
            log.warning("%s", error.get("message"), extra=fields | {"code": error.get("code")})
        self._reports.append(
            action.ref
            | {
                "class": outcome.class_,
                "output": outcome.output,
                "error": outcome.error,
                "answer": outcome.answer,
                "provider_message_id": outcome.provider_message_id,
                "retry_after_seconds": outcome.retry_after,
                "extra": outcome.extra,
                "started_at": started.isoformat(),
                "finished_at": datetime.now(UTC).isoformat(),
            }
        )
        self._reported.set()

    async def _report(self) -> None:
        while True:
            await self._reported.wait()
            if len(self._reports) < min(len(self._held), self.settings.batch) and not self.stopping:
                await asyncio.sleep(COLLECT)
            self._reported.clear()
            reports, self._reports = self._reports, []
            failpoints.hit("before_report")
            late = sum([await self._deliver(part) for part in _portions(reports)])
            failpoints.hit("after_report")
            self.summary.late += late
            for report in reports:
                self._forget(report)
            classes = Counter(report["class"] for report in reports)
            log.info("reported %s%s", _counts(classes), f", {late} of them late" if late else "")
            self._woken.set()

    async def _deliver(self, reports: list[dict[str, Any]]) -> int:
        """Deliver; returns how many were late. What the database refuses is halved, and in the end cut short."""
        try:
            return int((await self.database.report_actions(reports))["late"])
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            if len(reports) > 1:
                half = len(reports) // 2
                return await self._deliver(reports[:half]) + await self._deliver(reports[half:])
            log.error("a result cannot be recorded: %s", error, extra=fields_of(reports[0]))
            if not isinstance(error, psycopg.DataError) or not (reports[0]["output"] or reports[0]["answer"]):
                return 0  # its lease will run out
            note = f"the answer could not be stored: {error}".split("\n", 1)[0]
            short = reports[0] | {"output": None, "answer": None, "extra": {"note": note}}
            if (reports[0]["extra"] or {}).get("document"):
                # What comes next counts on the document.
                short |= {"class": "permanent", "error": {"code": "document", "message": note}}
            return await self._deliver([short])

    def _forget(self, ref: dict[str, Any]) -> None:
        self._held.pop(key_of(ref), None)
        self._woken.set()

    async def _beat(self) -> None:
        """Extend the leases of what is held longer than a third of a lease."""
        third = self.settings.lease / 3
        while True:
            await asyncio.sleep(third)
            old = [action for action in self._held.values() if time.monotonic() - action.claimed_at > third / 2]
            if old and (ours := await self._extend(old, self.settings.lease)) < len(old):
                log.warning("%s of %s leases are lost", len(old) - ours, len(old))

    async def _extend(self, actions: Sequence[Action], lease: float) -> int:
        try:
            return await self.database.extend_leases([action.ref for action in actions], lease)
        except psycopg.OperationalError:
            raise
        except psycopg.Error as error:
            log.error("leases cannot be changed, they will run out: %s", error)
            return 0


def _refused(action: Action, error: psycopg.Error) -> Outcome | None:
    """The result of a message that the database will never store or let leave; None where it may another time."""
    step = action.claimed["step_id"]
    if isinstance(error, psycopg.DataError):
        return failed("permanent", "message", f"step {step}: PostgreSQL cannot store the message: {error}")
    if (error.sqlstate or "").startswith("WF"):
        hint = f". {error.diag.message_hint}" if error.diag.message_hint else ""
        return failed("permanent", str(error.sqlstate), f"step {step}: {error.diag.message_primary}{hint}")
    return None


def _portions(reports: Sequence[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """Reports in their order, with at most DOCUMENTS bytes of documents a call: jsonb ends at 255 MB."""
    portion: list[dict[str, Any]] = []
    size = 0
    for report in reports:
        more = len(((report["extra"] or {}).get("document") or {}).get("content", ""))
        if portion and size + more > DOCUMENTS:
            yield portion
            portion, size = [], 0
        portion.append(report)
        size += more
    if portion:
        yield portion


def _counts(classes: Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in classes.most_common())


def _is_busy(answer: dict[str, Any]) -> bool:
    """Work is due and somebody else is at it, or migrates."""
    return bool(answer["more"]) or answer["tick"] is None


def _busy_pause(idle: int) -> float:
    return min(BUSY_PAUSE * 2.0 ** min(idle, 20), LONGEST_BUSY_PAUSE)


async def work(settings: Settings) -> Summary:
    """Run a poller in this event loop."""
    async with (
        Database(settings.dsn, doorbell=settings.doorbell and not settings.once) as database,
        HttpClient(settings.guard, limit=settings.concurrency) as http,
        Mailer() as mailer,
    ):
        performer = Performer(http, mailer, settings.connections, settings.vault)
        poller = Poller(settings, database, performer)
        with _signals(poller):
            try:
                return await poller.run()
            except BaseExceptionGroup as errors:
                # A task failed, and the others with it; what went wrong is the first.
                raise errors.exceptions[0] from None


@contextlib.contextmanager
def _signals(poller: Poller) -> Iterator[None]:
    """SIGTERM and SIGINT stop the poller, where this is the main thread of a process."""
    loop = asyncio.get_running_loop()
    handled = []
    for number in (signal.SIGTERM, signal.SIGINT):
        with contextlib.suppress(ValueError, RuntimeError, NotImplementedError):
            loop.add_signal_handler(number, poller.stop)
            handled.append(number)
    try:
        yield
    finally:
        for number in handled:
            loop.remove_signal_handler(number)


def run(settings: Settings) -> Summary:
    """Run a poller in an event loop of its own, uvloop's where it is installed."""
    try:
        import uvloop
    except ImportError:
        factory = None
    else:
        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        return runner.run(work(settings))
