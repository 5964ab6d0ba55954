"""What a poller holds: a claimed action, and the count of what became of such."""

import base64
from dataclasses import asdict, dataclass, field
from typing import Any

from .connections import HOUSE
from .outcome import Outcome
from .perform import Prepared
from .render import recipients_of

_REF = ("execution_id", "step_id", "generation", "part", "attempt", "message_id")


@dataclass(slots=True)
class Action:
    """A claimed action. ``connection`` and ``message`` are set when it is rendered; ``frozen`` if it was before.

    ``batch_id`` and ``place`` are the batch that it is to leave with ("" for none), where ``settle`` was called.
    ``prepared`` is what was made of the message while the database froze it (its documents come after that).
    """

    claimed: dict[str, Any]
    claimed_at: float
    channel: str = ""
    connection: str = ""
    message: dict[str, Any] = field(default_factory=dict)
    recipients: list[str] = field(default_factory=list)
    batch_id: str = ""
    place: int = 0
    settled: bool = False
    prepared: Prepared | Outcome | None = None

    def __post_init__(self) -> None:
        """A message that was frozen in a batch has its place there."""
        self.place = self.batch.get("place") or 0

    @property
    def tenant(self) -> str:
        """Whose it is."""
        return self.claimed.get("tenant") or HOUSE

    @property
    def key(self) -> str:
        """The idempotency key of the message."""
        return str(self.claimed["idempotency_key"])

    @property
    def batch(self) -> dict[str, Any]:
        """What the database says of an e-mail that was frozen before: {id, place, size, bound, others}."""
        return (self.claimed.get("extra") or {}).get("batch") or {}

    @property
    def is_single(self) -> bool:
        """Whether it leaves alone, so that what became of it is known for itself (on_uncertain: stop)."""
        return bool((self.claimed.get("extra") or {}).get("single"))

    def settle(self, batch_id: str, place: int) -> None:
        """Leave with a batch, or ("") with none."""
        self.batch_id, self.place, self.settled = batch_id, place, True

    def take(self, extra: dict[str, Any]) -> None:
        """What freeze_actions says beside its verdict: a message without suppressed recipients, stored documents."""
        if extra:
            self.prepared = None
        if extra.get("message"):
            self.message = extra["message"]
            self.recipients = recipients_of(self.channel, self.message)
        self.claimed["documents"] = {
            id_: base64.b64decode(content) for id_, content in (extra.get("documents") or {}).items()
        }

    @property
    def ref(self) -> dict[str, Any]:
        """What identifies the attempt to the database."""
        return {name: self.claimed[name] for name in _REF}

    @property
    def frozen(self) -> dict[str, Any]:
        """The frozen_message object; without message when it was frozen before."""
        message = None if self.claimed.get("frozen") else self.message
        return self.ref | {
            "channel": self.channel,
            "connection": self.connection,
            "recipients": self.recipients,
            "message": message,
            **({"batch_id": self.batch_id or None} if self.settled else {}),
            **({"extra": {"batch_place": self.place}} if self.batch_id else {}),
        }


@dataclass(slots=True)
class Summary:
    """What a run did. ``ok`` and ``failed`` count attempts."""

    dispatched: int = 0
    claimed: int = 0
    ok: int = 0
    failed: int = 0
    late: int = 0
    given_back: int = 0

    def as_dict(self) -> dict[str, int]:
        """For JSON."""
        return asdict(self)


def key_of(ref: dict[str, Any]) -> tuple[Any, ...]:
    """What a verdict, a report and an action have in common."""
    return ref["execution_id"], ref["step_id"], ref["part"], ref["attempt"]


def fields_of(ref: dict[str, Any]) -> dict[str, Any]:
    """What a log line says of it."""
    return {name: ref[name] for name in ("execution_id", "step_id", "attempt")}
