"""Work that is not to be trusted, in a child process: programs of ``code`` steps, and PDFs of whatever HTML there is.

A process for each job, started anew, with an empty environment, none of our descriptors, the folder / and limits that
it puts on itself before it does the job: processor time, data (``RLIMIT_DATA``: V8 reserves terabytes of addresses
that it never uses, so ``RLIMIT_AS`` would forbid it to start), files (none can be written), descriptors. It dies with
the poller, and it and what it started is killed when its time is up or its output grows too large.

Within it the languages have no network and no files, because their interpreters have none: Monty is an interpreter of
its own (https://github.com/pydantic/monty) that asks its host for such things, and ours gives nothing; V8
(https://github.com/bpcreech/PyMiniRacer) has no more than the language itself, and runs without a compiler to machine
code and without WebAssembly (``--jitless``), where most of its holes have been. Both limit time and memory
themselves. A hole in them would give the rights of the poller's user within these limits, so give that user few.

A process is not used twice: what one program changed, another could see. It costs 0.1 s (docs/actions.md).

The child is this module too (``child``). It imports the standard library, and what its job needs.
"""

import asyncio
import contextlib
import importlib.util
import json
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

#: Language -> module that runs it.
INTERPRETERS = {"python": "pydantic_monty", "javascript": "py_mini_racer"}

MAX_OUTPUT = 1 << 20  # bytes of a program's result as JSON
MAX_PRINTED = 2_000  # characters of what it printed that are kept
#: Seconds for the child to start and end, beside the time of its job.
STARTING = 10.0
#: Megabytes that an interpreter itself takes, beside the memory of its job.
OWN_MEMORY = 128

_BOOT = "import sys,json;sys.path[:]=json.loads(sys.argv[1]);from pgwhen.poller import sandbox;sandbox.child()"


@dataclass(frozen=True, slots=True)
class Ended:
    """What a job came to: ``value`` (a program's result as JSON, a PDF in base64), or ``code`` and ``message``."""

    value: str = ""
    printed: str = ""
    code: str = ""
    message: str = ""


def is_installed(module: str) -> bool:
    """Whether a module can be imported here."""
    return importlib.util.find_spec(module) is not None


#: The event loop of this process, and the turns that are taken in it.
_turns: dict[str, Any] = {}


def _places() -> asyncio.Semaphore:
    """As many children at once as there are processors: more would only make each other late."""
    loop = asyncio.get_running_loop()
    if _turns.get("loop") is not loop:
        _turns.update(loop=loop, places=asyncio.Semaphore(os.cpu_count() or 1))
    places: asyncio.Semaphore = _turns["places"]
    return places


async def run(kind: str, job: Mapping[str, Any], *, seconds: float, megabytes: int, most: int = MAX_OUTPUT) -> Ended:
    """Do a job (``python``, ``javascript`` or ``pdf``) in a child process. ``most`` is in bytes of its answer."""
    if not hasattr(os, "killpg"):
        return Ended(code="not_installed", message="the sandbox is for Linux and macOS")
    order = json.dumps({"kind": kind, "seconds": seconds, "megabytes": megabytes, **job}).encode()
    async with _places():
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-c", _BOOT, json.dumps(sys.path)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env={},
            cwd="/",
            start_new_session=True,
        )
        try:
            async with asyncio.timeout(seconds + STARTING):
                return _ended(await _talk(process, order, most + 65_536), process.returncode, megabytes)
        except TimeoutError:
            return Ended(code="timeout", message=_too_long(seconds))
        except OverflowError:
            return Ended(code="output", message=f"its result is larger than {most} bytes")
        finally:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(process.pid, signal.SIGKILL)
            await process.wait()


async def _talk(process: asyncio.subprocess.Process, order: bytes, most: int) -> bytes:
    """Give the order and read the answer. Raises OverflowError when it is longer than ``most`` bytes."""
    assert process.stdin and process.stdout
    with contextlib.suppress(BrokenPipeError, ConnectionResetError):
        process.stdin.write(order)
        await process.stdin.drain()
        process.stdin.close()
    answer = b""
    while chunk := await process.stdout.read(65_536):
        answer += chunk
        if len(answer) > most:
            raise OverflowError
    await process.wait()
    return answer


def _ended(answer: bytes, returncode: int | None, megabytes: int) -> Ended:
    try:
        return Ended(**json.loads(answer))
    except (ValueError, TypeError):
        pass
    if returncode in (-signal.SIGXCPU, -signal.SIGKILL):
        return Ended(code="timeout", message="it took too much processor time")
    return Ended(code="crash", message=f"it broke down, as with more than {megabytes} MB of memory (exit {returncode})")


# ---------------------------------------------------------------- the child


def child() -> None:
    """Do the job that stdin names, and write what it came to on stdout."""
    import resource

    answer_to = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what an interpreter prints of itself is not the answer
    _die_with_parent()
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    job = json.loads(sys.stdin.buffer.read())
    data = (job["megabytes"] + OWN_MEMORY) << 20
    resource.setrlimit(resource.RLIMIT_DATA, (data, data))
    seconds = int(job["seconds"]) + 5
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    run = {"python": _run_python, "javascript": _run_javascript, "pdf": _make_pdf}[job["kind"]]
    try:
        ended = run(job)
    except MemoryError:
        ended = Ended(code="memory", message=f"it takes more than {job['megabytes']} MB of memory")
    except ImportError as error:
        ended = Ended(code="not_installed", message=f"what performs it is not installed here: {error}")
    data_out = json.dumps({name: getattr(ended, name) for name in Ended.__slots__}).encode()
    while data_out:
        data_out = data_out[os.write(answer_to, data_out) :]
    os._exit(0)  # threads of an interpreter are not waited for


def _die_with_parent() -> None:
    """On Linux: SIGKILL when the poller ends, and no more rights than now."""
    with contextlib.suppress(OSError, AttributeError):
        import ctypes

        prctl = ctypes.CDLL(None).prctl
        prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS


def _run_python(job: Mapping[str, Any]) -> Ended:
    import pydantic_monty as monty

    printed = monty.CollectString()
    limits: Any = {
        "max_feed_duration_secs": float(job["seconds"]),
        "max_memory": job["megabytes"] << 20,
        "max_total_sleep_secs": float(job["seconds"]),
    }
    try:
        with monty.Monty() as pool, pool.checkout(limits=limits) as session:
            value = session.feed_run(job["source"], inputs={"input": job["input"]}, print_callback=printed)
    except monty.MontySyntaxError as error:
        return Ended(code="syntax", message=_place(error))
    except monty.MontyRuntimeError as error:
        return _of_python(str(error), _place(error), job, printed.output)
    except monty.MontyError as error:
        return Ended(code="crash", message=f"the interpreter broke down: {type(error).__name__}: {error}")
    try:
        return _result(_json(value), printed.output)
    except ValueError as error:
        return Ended(code="result", message=str(error), printed=printed.output[:MAX_PRINTED])


def _of_python(text: str, place: str, job: Mapping[str, Any], printed: str) -> Ended:
    printed = printed[:MAX_PRINTED]
    if text.startswith("TimeoutError"):
        return Ended(code="timeout", message=_too_long(job["seconds"]), printed=printed)
    if text.startswith("MemoryError"):
        return Ended(code="memory", message=f"it takes more than {job['megabytes']} MB of memory", printed=printed)
    return Ended(code="exception", message=place, printed=printed)


def _too_long(seconds: float) -> str:
    return f"it took longer than {seconds:g} {'second' if seconds == 1 else 'seconds'}"


def _place(error: Any) -> str:
    """What went wrong, and in which line of the program."""
    frames = error.traceback() if hasattr(error, "traceback") else []
    lines = [frame.line for frame in frames]
    return f"line {lines[-1]}: {error}" if lines else str(error)


def _json(value: Any) -> str:
    """A result of Python as JSON, numbers exact. Raises ValueError naming what has no JSON form."""
    from decimal import Decimal

    if value is None or isinstance(value, (bool, int)):
        return json.dumps(value)
    if isinstance(value, (float, Decimal)):
        if value != value or value in (float("inf"), float("-inf")):
            raise ValueError(f"the result holds {value}, which is no number in JSON")
        return json.dumps(value) if isinstance(value, float) else format(value, "f")
    if isinstance(value, str):
        # The interpreter gives functions and classes as their names.
        if value.startswith("<") and value.endswith(">") and " at 0x" in value:
            raise ValueError(f"the result holds {value[:80]}, which has no JSON form")
        return json.dumps(value)
    if isinstance(value, dict):
        for key in value:
            if not isinstance(key, str):
                raise ValueError(f"the result has the key {key!r}; keys of JSON are texts")
        return "{" + ",".join(f"{json.dumps(key)}:{_json(item)}" for key, item in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_json, value)) + "]"
    kind = type(value).__name__
    hint = "; write .isoformat()" if kind in ("date", "datetime", "time") else ""
    raise ValueError(f"the result holds a {kind}, which has no JSON form{hint}")


#: What JSON.stringify would leave out or change in silence is an error. It is taken before the program can replace it.
_JAVASCRIPT = """
(() => {
  const stringify = JSON.stringify, parse = JSON.parse, text = String, numbers = Number.isFinite, F = Function;
  const printed = [];
  let left = %(most)d;
  const show = v => {
    if (typeof v === 'string') return v;
    try { return text(stringify(v) ?? v) } catch { return '[object]' }
  };
  const print = (...values) => {
    const line = values.map(show).join(' ');
    if (left > 0) printed.push(line.slice(0, left));
    left -= line.length + 1;
  };
  globalThis.console = {log: print, info: print, warn: print, error: print, debug: print};
  return (source, input) => {
    const result = F('input', source)(parse(input));
    if (result instanceof Promise) throw new TypeError('the result is a promise; there is nothing to wait for here');
    const json = stringify(result === undefined ? null : result, (key, value) => {
      const at = key === '' ? '' : ' at ' + key;
      if (typeof value === 'number' && !numbers(value)) throw new TypeError('the result holds ' + value + at);
      if (['bigint', 'function', 'symbol'].includes(typeof value))
        throw new TypeError('the result holds a ' + typeof value + at + ', which has no JSON form');
      return value;
    });
    if (json === undefined) throw new TypeError('the result has no JSON form');
    return stringify([json, printed.join('\\n')]);
  };
})()
"""


def _run_javascript(job: Mapping[str, Any]) -> Ended:
    import py_mini_racer

    py_mini_racer.init_mini_racer(flags=("--single-threaded", "--jitless"))
    racer = py_mini_racer.MiniRacer()
    source, given = json.dumps(job["source"]), json.dumps(json.dumps(job["input"]))
    script = f"({_JAVASCRIPT % {'most': MAX_PRINTED}})({source}, {given})".replace("\n", " ")
    try:
        answer = racer.eval(script, timeout_sec=float(job["seconds"]), max_memory=job["megabytes"] << 20)
    except py_mini_racer.JSTimeoutException:
        return Ended(code="timeout", message=_too_long(job["seconds"]))
    except py_mini_racer.JSOOMException:
        return Ended(code="memory", message=f"it takes more than {job['megabytes']} MB of memory")
    except py_mini_racer.JSEvalException as error:
        return _of_javascript(str(error))
    try:
        value, printed = json.loads(str(answer))
        return _result(str(value), str(printed))
    except (ValueError, TypeError):
        return Ended(code="result", message="the program replaced what makes its result JSON")


def _of_javascript(text: str) -> Ended:
    """The first line says where and what; two lines stand before the program in the function that it is made."""
    import re

    match = re.match(r"(\S*):(\d+): (.*)", text)
    where, line, message = match.groups() if match else ("", "0", text.split("\n", 1)[0])
    if message.startswith("TypeError: the result "):
        return Ended(code="result", message=message.removeprefix("TypeError: "))
    place = f"line {int(line) - 2}: " if where == "undefined" else ""
    return Ended(code="syntax" if message.startswith("SyntaxError") else "exception", message=place + message)


def _result(value: str, printed: str) -> Ended:
    if len(value) > MAX_OUTPUT:
        return Ended(code="output", message=f"its result is larger than {MAX_OUTPUT} bytes")
    return Ended(value, printed[:MAX_PRINTED])


def _make_pdf(job: Mapping[str, Any]) -> Ended:
    import base64

    from pgwhen.poller import pdf

    try:
        return Ended(base64.b64encode(pdf.render(job["html"], job["title"], job["created"], job["fonts"])).decode())
    except pdf.PdfError as error:
        return Ended(code="document", message=str(error))
    except MemoryError:
        raise
    except Exception as error:
        return Ended(code="document", message=f"the HTML cannot be made a PDF: {type(error).__name__}: {error}")
