"""What a poller holds: a claimed action, and the count of what became of such."""

from dataclasses import asdict, dataclass, field
from typing import Any

_REF = ("execution_id", "step_id", "generation", "part", "attempt", "message_id")


@dataclass(slots=True)
class Action:
    """A claimed action. ``connection`` and ``message`` are set when it is rendered; ``frozen`` if it was before."""

    claimed: dict[str, Any]
    claimed_at: float
    channel: str = ""
    connection: str = ""
    message: dict[str, Any] = field(default_factory=dict)
    recipients: list[str] = field(default_factory=list)

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
