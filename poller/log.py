"""What the poller says, on stderr, as text or one JSON object a line; secrets are masked."""

import json
import logging
import sys
from datetime import UTC, datetime
from typing import Literal

from .secrets import Vault

#: Attributes that log calls add by ``extra=``, shown in both forms.
FIELDS = ("execution_id", "step_id", "attempt", "connection", "class", "code", "seconds")


class _Formatter(logging.Formatter):
    def __init__(self, vault: Vault) -> None:
        super().__init__()
        self._vault = vault

    def fields(self, record: logging.LogRecord) -> dict[str, object]:
        """What the record carries beside its text."""
        found = {name: getattr(record, name) for name in FIELDS if getattr(record, name, None) is not None}
        masked: dict[str, object] = self._vault.mask(found)
        return masked

    def text(self, record: logging.LogRecord) -> str:
        """The text, with the traceback of an error."""
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        masked: str = self._vault.mask(text)
        return masked

    def time(self, record: logging.LogRecord) -> str:
        """When, in UTC."""
        return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")


class TextFormatter(_Formatter):
    """``time level text name=value ...``."""

    def format(self, record: logging.LogRecord) -> str:
        fields = "".join(f" {name}={value}" for name, value in self.fields(record).items())
        return f"{self.time(record)} {record.levelname.lower():7} {self.text(record)}{fields}"


class JsonFormatter(_Formatter):
    """One object a line."""

    def format(self, record: logging.LogRecord) -> str:
        line = {"time": self.time(record), "level": record.levelname.lower(), "message": self.text(record)}
        return json.dumps(line | self.fields(record), default=str, ensure_ascii=False)


def set_up(form: Literal["text", "json"] = "text", vault: Vault | None = None, level: int = logging.INFO) -> None:
    """Send the poller's log to stderr. ``level`` DEBUG adds a line an action."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter((JsonFormatter if form == "json" else TextFormatter)(vault or Vault({})))
    logger = logging.getLogger(__package__)
    logger.handlers[:] = [handler]
    logger.setLevel(level)
    logger.propagate = False
