"""What the poller says: text or JSON, with ids, without secrets."""

import json
import logging

import pytest

from pgwhen.poller import log
from pgwhen.poller.secrets import Vault

VAULT = Vault({"T": "t0ps3cret"}, ["T"])


@pytest.fixture(autouse=True)
def _quiet() -> object:
    logger = logging.getLogger("pgwhen.poller")
    yield
    logger.handlers[:] = []
    logger.propagate = True
    logger.setLevel(logging.NOTSET)


def say(capsys: pytest.CaptureFixture[str], form: str) -> str:
    log.set_up(form, VAULT)  # type: ignore[arg-type]
    logger = logging.getLogger("pgwhen.poller.loop")
    logger.debug("not shown")
    logger.warning(
        "the server said %s", "t0ps3cret", extra={"execution_id": "ex", "step_id": "st", "code": "t0ps3cret"}
    )
    return capsys.readouterr().err


def test_text(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = say(capsys, "text").splitlines()
    assert line.endswith("warning the server said *** execution_id=ex step_id=st code=***")


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    (line,) = say(capsys, "json").splitlines()
    found = json.loads(line)
    assert found.pop("time").endswith("+00:00")
    assert found == {
        "level": "warning",
        "message": "the server said ***",
        "execution_id": "ex",
        "step_id": "st",
        "code": "***",
    }


def test_tracebacks_are_masked(capsys: pytest.CaptureFixture[str]) -> None:
    log.set_up("json", VAULT)
    try:
        raise ValueError("t0ps3cret")
    except ValueError:
        logging.getLogger("pgwhen.poller.loop").exception("failed")
    shown = capsys.readouterr().err
    assert "t0ps3cret" not in shown
    assert "ValueError: ***" in json.loads(shown)["message"]
