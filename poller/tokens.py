"""Access tokens of OAuth 2.0: shared by the process until shortly before they end, and fetched once, however many ask.

What is fetched is a JSON answer with ``access_token`` and, as a rule, ``expires_in`` in seconds (RFC 6749, 5.1); errors
are ``{"error", "error_description"}`` (5.2). Tokens are kept in memory only; an answer that repeats one is masked.

    TokenError      there is no token; ``outcome`` is what that means for the attempt, of whose message nothing has left
"""

import asyncio
import functools
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from .outcome import Class, Failure, Outcome, Request, Response, answer_of, failed, of_failure, retry_after
from .secrets import MASK

#: Seconds before its end at which a token is not used any more: it has to last for the request that it goes into.
#: One that lasts less than twice as long is used for half of its time.
MARGIN = 60.0

#: Seconds for which a token is used whose answer does not say how long it lasts, and for which it is at most.
UNSAID = 300.0
LONGEST = 86_400.0


class TokenError(Exception):
    """There is no token; ``outcome`` says why, and what follows."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__((outcome.error or {}).get("message", ""))
        self.outcome = outcome


class Client(Protocol):
    """What sends requests: HttpClient."""

    async def send(self, request: Request) -> Response | Failure:
        """Send once; never raises for what a server or a network does."""


@dataclass(frozen=True, slots=True)
class _Kept:
    value: str = field(repr=False)
    fetched: float
    until: float


_kept: dict[bytes, _Kept] = {}
_under_way: dict[tuple[asyncio.AbstractEventLoop, bytes], asyncio.Task[_Kept]] = {}


async def token(http: Client, key: bytes, fetch: Callable[[], Request], seconds: float = 10.0) -> str:
    """The access token that the request of ``fetch`` asks for.

    ``key`` is all that decides which token it is: address, client, its secret, scope; only a digest of it is kept.
    ``seconds`` is how long to wait for it. Raises TokenError.
    """
    return (await _token(http, _name(key), fetch, seconds)).value


def forget(key: bytes, value: str) -> None:
    """Do not use a token any more that was refused; a newer one stays."""
    name = _name(key)
    if name in _kept and _kept[name].value == value:
        del _kept[name]


async def send(
    http: Client, key: bytes, fetch: Callable[[], Request], request: Callable[[str], Request], seconds: float
) -> Response | Failure | Outcome:
    """Send ``request(token)``; where a token is refused (401) that was not fetched for it, once more with a new one.

    ``seconds`` is the time for all of it. An Outcome is that of a token that could not be had.
    """
    began = time.monotonic()
    while True:
        try:
            kept = await _token(http, _name(key), fetch, (began + seconds - time.monotonic()) / 2)
        except TokenError as error:
            return error.outcome
        left = began + seconds - time.monotonic()
        answer = await http.send(replace(request(kept.value), timeout=max(left, 0.001)))
        if isinstance(answer, Failure):
            return answer
        if answer.status != 401:
            return _masked(answer, kept.value)
        forget(key, kept.value)
        if kept.fetched >= began:
            return _masked(answer, kept.value)


def _name(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()


async def _token(http: Client, name: bytes, fetch: Callable[[], Request], seconds: float) -> _Kept:
    if (kept := _kept.get(name)) and kept.until > time.monotonic():
        return kept
    loop = asyncio.get_running_loop()
    task = _under_way.get((loop, name))
    if task is None:
        task = _under_way[loop, name] = loop.create_task(_fetched(http, name, fetch))
        task.add_done_callback(functools.partial(_ended, (loop, name)))
    # Who asked first may be cancelled, or run out of time: the others go on waiting for the same fetch.
    await asyncio.wait((task,), timeout=max(seconds, 0.0))
    if not task.done():
        raise TokenError(failed("transient", "token_timeout", f"no access token in {seconds:g} s"))
    return task.result()


def _ended(place: tuple[asyncio.AbstractEventLoop, bytes], task: asyncio.Task[_Kept]) -> None:
    del _under_way[place]
    if not task.cancelled():
        task.exception()  # asyncio warns of one that nobody has looked at


async def _fetched(http: Client, name: bytes, fetch: Callable[[], Request]) -> _Kept:
    answer = await http.send(fetch())
    now = time.monotonic()
    if isinstance(answer, Failure):
        # Nothing of the message has left, whatever became of this request.
        raise TokenError(of_failure(replace(answer, sent=False)))
    said = answer.json if isinstance(answer.json, dict) else {}
    if not 200 <= answer.status < 300:
        raise TokenError(_refused(answer, said))
    value = said.get("access_token")
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
        text = f"status {answer.status} without an access token"
        raise TokenError(failed("transient", "token_answer", text, answer={"status": answer.status}))
    if str(said.get("token_type") or "Bearer").lower() != "bearer":
        text = f"the access token is of the type {said['token_type']}; only Bearer can be used"
        raise TokenError(failed("auth", "token_type", text, answer={"status": answer.status}))
    kept = _Kept(value, now, now + _lasts(said.get("expires_in")))
    for ended in [other for other, one in _kept.items() if one.until <= now]:
        del _kept[ended]
    _kept[name] = kept
    return kept


def _lasts(expires_in: Any) -> float:
    """For how long a token is used (seconds)."""
    try:
        seconds = min(max(float(expires_in), 0.0), LONGEST)
    except (TypeError, ValueError):
        return UNSAID
    return seconds - MARGIN if seconds > 2 * MARGIN else seconds / 2


def _refused(answer: Response, said: dict[str, Any]) -> Outcome:
    """What it means that no token is given: the client is wrong, not the message, unless the server has a problem."""
    status, code = answer.status, said.get("error")
    code = code if isinstance(code, str) and code else str(status)
    class_: Class = "auth"
    if status == 429:
        class_ = "throttled"
    elif status >= 500 or status == 408 or code in ("temporarily_unavailable", "server_error"):
        class_ = "transient"
    text = f"no access token, the server answered {status} {code}: {said.get('error_description') or answer.text}"
    pause = retry_after(answer.headers)
    return failed(class_, f"token_{code}"[:100], text, answer=answer_of(answer), retry_after=pause)


def _masked(answer: Response, value: str) -> Response:
    if value.encode() not in answer.body and not any(value in text for text in answer.headers.values()):
        return answer
    headers = {name: text.replace(value, MASK) for name, text in answer.headers.items()}
    return replace(answer, body=answer.body.replace(value.encode(), MASK.encode()), headers=headers)
