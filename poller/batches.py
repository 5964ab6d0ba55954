"""Which messages leave in one call, and the call (docs/decisions/0007-batches.md).

A batch is formed of what is pending when messages are frozen: nobody waits for more. What may leave of it is stored as
the batch, so that a retry sends the same messages, in the same order, under the same key. Three cases, by what the
database says of earlier attempts (extra.batch of a claimed action):

* Nothing of it can have been done: what is there is put together anew; a batch that is there whole keeps its name.
* It may have been done, and the provider honours keys: the same call again, with the bytes of all members, also of
  those that are somebody else's now, or nobody's. Their results are not ours to report.
* It may have been done, and there is no key: each message stands for itself, and what is there is put together anew.
"""

import contextlib
import functools
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

from .action import Action, key_of
from .channels import Attempt, Connection, NotConfigured, Unsendable
from .channels.email import BatchAdapter, batch_adapter, batch_limit
from .connections import Connections
from .outcome import Outcome, failed
from .perform import TIMEOUT, Misconfigured, Performer
from .secrets import SecretError

log = logging.getLogger(__name__)

Verdicts = Mapping[tuple[Any, ...], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Sending:
    """What leaves in one call: one action, or a batch.

    A batch is ``bound`` when it may have been done already. Then it has ``size`` messages, our actions and ``others``,
    members that are not held here, as {place, key, message}.
    """

    actions: tuple[Action, ...]
    batch_id: str = ""
    others: tuple[Mapping[str, Any], ...] = field(default=())
    bound: bool = False
    size: int = 0

    def allowed(self, verdicts: Verdicts) -> "Sending | None":
        """The same with what may leave now. A bound batch is always whole: what may not go on is a stranger in it."""
        ours = tuple(action for action in self.actions if _verdict(verdicts, action) == "send")
        if not ours:
            return None
        kept = [_member(action) for action in self.actions if action not in ours] if self.bound else []
        return replace(self, actions=ours, others=(*self.others, *kept))

    def alone(self) -> "list[Sending]":
        """Each message by itself, from now on."""
        return [_alone(action) for action in self.actions]


def batch_of(action: Action, connections: Connections) -> tuple[str, str] | None:
    """What messages have in common that might share a call, before anybody looks at their content."""
    found = _connection(action, connections)
    return (action.tenant, found.name) if found and batch_limit(found) > 1 else None


def form(actions: Iterable[Action], connections: Connections) -> list[Sending]:
    """Put together what leaves together."""
    known, free = defaultdict[str, list[Action]](list), list[Action]()
    for action in actions:
        known[action.batch.get("id") or ""].append(action)
    free += known.pop("", [])
    sendings = []
    for batch_id, members in known.items():
        members.sort(key=lambda action: action.place)
        size = members[0].batch["size"]
        if any(_is_bound(action, connections) for action in members):
            # Claimed one after the other, each has the rest as others.
            ours = {action.key for action in members}
            others = {other["key"]: other for action in members for other in action.batch.get("others", ())}
            rest = tuple(other for key, other in others.items() if key not in ours)
            sendings.append(Sending(tuple(members), batch_id, rest, bound=True, size=size))
        elif len(members) == size > 1 and batch_of(members[0], connections):
            for action in members:
                action.settle(batch_id, action.place)
            sendings.append(Sending(tuple(members), batch_id))
        else:
            free += members
    return sendings + _formed(free, connections)


async def perform(performer: Performer, sending: Sending, limit: float | None = None) -> list[Outcome] | None:
    """Send a batch once; what became of each of our actions, in their order. ``limit`` shortens the timeout (seconds).

    None when the provider refused the call as a whole and took nothing of it, so that each message has to go by itself.
    """
    actions = sending.actions
    timeouts = [float(action.claimed.get("timeout_seconds") or TIMEOUT) for action in actions]
    members = sorted([*map(_member, actions), *sending.others], key=lambda member: int(member["place"]))
    if sending.bound and len(members) != sending.size:
        text = f"{len(members)} of {sending.size} messages of the batch {sending.batch_id} are here: it leaves whole"
        return [failed("transient", "batch", text)] * len(actions)
    messages, keys = [member["message"] for member in members], [member["key"] for member in members]
    try:
        connection = performer.connections.find(actions[0].connection, actions[0].tenant)
        adapter = _adapter(connection)
        attempt = Attempt(
            # As long as the members are the same the bytes are: where one has gone for good, it is another call.
            key=f"batch:{sending.batch_id}:{len(members)}",
            number=max(action.claimed["attempt"] for action in actions),
            timeout=min(timeouts) if limit is None else min(*timeouts, limit),
            connection=performer.revealed(connection),
            resolve=functools.partial(performer.vault.resolve, tenant=actions[0].tenant),
        )
        request = adapter.batch_request(messages, keys, attempt)
    except Misconfigured as error:
        return [performer.masked(failed("auth", "connection", str(error)))] * len(actions)
    except NotConfigured as error:
        return [failed("transient", error.code, str(error))] * len(actions)
    except (SecretError, Unsendable) as error:
        log.warning("a batch of %s messages cannot be sent together: %s", len(messages), error)
        return None
    found: Any = await performer.outcome(lambda answer: adapter.batch_outcomes(answer, messages), request)
    if found is None:
        log.info("%s refused a batch of %s messages as a whole", connection.name, len(messages))
        return None
    outcomes = found if isinstance(found, list) else [found] * len(members)
    ours = {action.key: place for place, action in enumerate(actions)}
    by_place = {ours[key]: outcome for key, outcome in zip(keys, outcomes, strict=True) if key in ours}
    return [performer.masked(by_place[place]) for place in range(len(actions))]


def _formed(actions: Iterable[Action], connections: Connections) -> list[Sending]:
    groups, sendings = defaultdict[Any, list[Action]](list), list[Sending]()
    limits: dict[Any, int] = {}
    for action in actions:
        connection = None if action.is_single or _is_bound(action, connections) else _connection(action, connections)
        adapter = batch_adapter(connection.provider) if connection else None
        common = adapter.batch_with(action.message) if adapter else None
        if connection is None or common is None or (most := batch_limit(connection)) < 2:
            sendings.append(_alone(action))
            continue
        key = action.tenant, connection.name, common
        limits[key] = most
        groups[key].append(action)
    for key, members in groups.items():
        parts = (members[start : start + limits[key]] for start in range(0, len(members), limits[key]))
        sendings += [_together(part) if len(part) > 1 else _alone(part[0]) for part in parts]
    return sendings


def _together(members: Sequence[Action]) -> Sending:
    batch_id = str(uuid4())
    for place, action in enumerate(members):
        action.settle(batch_id, place)
    return Sending(tuple(members), batch_id)


def _alone(action: Action) -> Sending:
    if action.batch_id or action.batch.get("id"):
        action.settle("", 0)
    return Sending((action,))


def _connection(action: Action, connections: Connections) -> Connection | None:
    if action.channel != "email":
        return None
    with contextlib.suppress(NotConfigured):
        found = connections.find(action.connection, action.tenant)
        batch_adapter(found.provider)  # which this version may not know
        return found
    return None


def _adapter(connection: Connection) -> BatchAdapter:
    found = batch_adapter(connection.provider)
    if found is None:
        raise NotConfigured(f"the connection {connection.name} has no calls for many messages any more")
    return found


def _is_bound(action: Action, connections: Connections) -> bool:
    """Whether the message may have been done already in a call whose key the provider honours."""
    if not action.batch.get("bound"):
        return False
    connection = _connection(action, connections)
    adapter = batch_adapter(connection.provider) if connection else None
    # What this poller cannot send stays what it is.
    return connection is None or bool(adapter and adapter.KEYED)


def _member(action: Action) -> dict[str, Any]:
    return {"place": action.place, "key": action.key, "message": action.message}


def _verdict(verdicts: Verdicts, action: Action) -> Any:
    return verdicts.get(key_of(action.claimed), {}).get("verdict")
