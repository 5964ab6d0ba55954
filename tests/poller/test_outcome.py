"""Answers and what they say about waiting."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from pgwhen.poller.outcome import Failure, Response, of_failure, retry_after

NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("1.5", 1.5),
        (" 7 ", 7.0),
        ("Sat, 01 Mar 2025 12:01:00 GMT", 60.0),
        ("Sat, 01 Mar 2025 11:00:00 GMT", 0.0),
        ("Saturday, 01-Mar-25 12:00:30 GMT", 30.0),
        ("999999999", 86_400.0),
        ("Sun, 01 Mar 2026 12:00:00 GMT", 86_400.0),
        ("-5", None),
        ("soon", None),
        ("nan", None),
        ("1e9", None),
        ("", None),
    ],
)
def test_retry_after_is_a_number_a_fraction_or_a_date(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}, NOW) == seconds


def test_no_header_no_wait() -> None:
    assert retry_after({}) is None


@pytest.mark.parametrize(
    ("failure", "class_"),
    [
        (Failure("connect", "refused"), "transient"),
        (Failure("timeout", "no answer", sent=True), "uncertain"),
        (Failure("address", "private", refused=True), "permanent"),
        (Failure("smtp_auth", "no way to log in", connection=True), "auth"),
    ],
)
def test_without_an_answer_it_matters_whether_bytes_left(failure: Failure, class_: str) -> None:
    outcome = of_failure(failure)
    assert outcome.class_ == class_
    assert outcome.error == {"code": failure.code, "message": failure.message}


def test_a_body_is_text_in_its_charset() -> None:
    assert Response(200, {"content-type": "text/plain; charset=iso-8859-1"}, b"\xe9").text == "é"
    assert Response(200, {"content-type": "text/plain; charset=nope"}, b"x").text == "x"
    assert Response(200, {}, b"a\x00b\xff").text == "a\ufffdb\ufffd"


def test_json_of_an_answer_is_exact_and_storable() -> None:
    body = b'{"total": 10.20, "id": 12345678901234567890, "s": "a\\u0000b\\ud800", "n": 1e99999}'
    found = Response(200, {}, body).json
    assert found == {"total": Decimal("10.20"), "id": 12345678901234567890, "s": "a\ufffdb?", "n": "1E+99999"}
    assert str(found["total"]) == "10.20"
    for bad in (b"{", b"", b"NaN", b"[Infinity]", b"[" * 100_000):
        assert Response(200, {}, bad).json is None
