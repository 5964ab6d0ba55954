"""Attempts to break out: of the interpreters, of the limits, of the process."""

import asyncio
import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from pgwhen.poller import sandbox
from pgwhen.poller.sandbox import Ended


def run(language: str, source: str, given: Any = None, *, seconds: float = 2.0, megabytes: int = 32) -> Ended:
    """Run a program."""
    job = {"source": source, "input": given}
    return asyncio.run(sandbox.run(language, job, seconds=seconds, megabytes=megabytes))


def python(source: str, given: Any = None, **limits: Any) -> Ended:
    return run("python", source, given, **limits)


def javascript(source: str, given: Any = None, **limits: Any) -> Ended:
    return run("javascript", source, given, **limits)


# ---------------------------------------------------------------- Python


@pytest.mark.parametrize(
    "source",
    [
        'open("/etc/passwd").read()',
        'open("/tmp/pgwhen-sandbox", "w").write("x")',
        'import os\nos.system("id")',
        "import os\nos.environ",
        'import os\nos.listdir("/")',
        'import os\nos.getenv("HOME")["x"]',
        'import pathlib\npathlib.Path("/etc/passwd").read_text()',
        'import pathlib\nlist(pathlib.Path("/").iterdir())',
        "import socket",
        "import subprocess",
        "import ctypes",
        "import multiprocessing",
        "import urllib.request",
        "import http.client",
        "import importlib",
        "import pickle",
        "import builtins\nbuiltins.open",
        "from sys import modules",
        '__import__("os").system("id")',
        "().__class__.__bases__[0].__subclasses__()",
        '"".__class__.__mro__',
        "(lambda: 0).__globals__",
        "(lambda: 0).__code__",
        "def f(): pass\nf.__builtins__",
        'getattr((), "__cl" + "ass__")',
        '"{0.__class__.__init__.__globals__}".format(1)',
        "eval(\"__import__('os')\")",
        'exec("import socket")',
        'compile("1", "", "exec")',
        "globals()",
        "vars()",
        "try:\n  1/0\nexcept Exception as e:\n  e.__traceback__.tb_frame.f_globals",
        "class A:\n  def __del__(self): open('/etc/passwd')\nopen('/etc/passwd')",
        "import sys\nsys._getframe()",
        "import sys\nsys.exit(0)",
        "import gc\ngc.get_objects()",
        "breakpoint()",
        'input.__class__.__init__.__globals__["os"]',
    ],
)
def test_python_has_no_way_out(source: str) -> None:
    ended = python(source, {"a": 1})
    assert ended.code in ("exception", "syntax") and not ended.value, ended
    assert "root:" not in ended.message
    assert not Path("/tmp/pgwhen-sandbox").exists()


@pytest.mark.parametrize(
    ("source", "codes"),
    [
        ("while True: pass", ("timeout",)),
        ("import time\nwhile True: time.sleep(1)", ("timeout", "exception")),
        ("for i in range(10**12): pass", ("timeout",)),
        ("sum(range(10**12))", ("timeout",)),
        ('x = "a"\nwhile True: x += x', ("memory",)),
        ("[0] * 10**10", ("memory",)),
        ("x = []\nwhile True: x.append(list(range(1000)))", ("memory", "timeout")),
        ("10 ** 10 ** 8", ("memory", "timeout", "exception")),
        ("def f(): return f()\nf()", ("exception",)),
        ("x = []\nfor i in range(10**6): x = [x]\nx", ("memory", "exception", "result", "crash")),
        ("x = []\nx.append(x)\nx", ("exception", "result", "")),  # Monty gives the text [...] for it
        ('"(" * 10**5 and eval("(" * 10**5)', ("exception", "crash", "syntax", "memory")),
        ('import re\nre.match(r"(a+)+$", "a" * 5000 + "b")', ("timeout", "exception", "")),
        ('"x" * (2 << 20)', ("output",)),
        ('while True: print("x" * 1000)', ("timeout", "memory")),
        ('"%999999999d" % 1', ("memory", "exception", "timeout")),
        ('"{:999999999}".format(1)', ("memory", "exception", "timeout")),
        ("import math\nmath.factorial(10**7)", ("timeout", "memory", "exception")),
        ("sorted(range(10**9))", ("timeout", "memory")),
        ('int("9" * 10**6)', ("exception", "timeout", "memory", "output")),
    ],
)
def test_python_is_held_to_its_limits(source: str, codes: tuple[str, ...]) -> None:
    began = time.monotonic()
    ended = python(source, seconds=1.0)
    assert ended.code in codes, ended
    assert time.monotonic() - began < 8


# ---------------------------------------------------------------- JavaScript


@pytest.mark.parametrize(
    "source",
    [
        'return require("fs").readFileSync("/etc/passwd")',
        "return process.env",
        'return fetch("http://127.0.0.1")',
        "return new XMLHttpRequest()",
        "return new WebSocket('ws://127.0.0.1')",
        "return new Worker('x')",
        "return Deno.readTextFileSync('/etc/passwd')",
        "return new WebAssembly.Memory({initial: 1})",
        'return load("/etc/passwd")',
        'return read("/etc/passwd")',
        'return readFile("/etc/passwd")',
        'importScripts("/etc/passwd")',
        "return this.constructor.constructor('return process')().env",
        "return (async () => {}).constructor(\"return await import('fs')\")()",
        'return import("fs")',
        "return eval(\"import('fs')\")",
        'return [].constructor.constructor("return require")()("fs")',
        "return %GetOptimizationStatus(1)",
        "return d8.file.read('/etc/passwd')",
        "return __proto__.constructor.prototype.constructor.__lookupGetter__('process').call()",
    ],
)
def test_javascript_has_no_way_out(source: str) -> None:
    ended = javascript(source, {"a": 1})
    assert ended.code in ("exception", "syntax", "result") and not ended.value, ended


@pytest.mark.parametrize(
    ("source", "codes"),
    [
        ("while (true) {}", ("timeout",)),
        ("for (;;) { try { while (true) {} } catch (e) {} finally { continue } }", ("timeout",)),
        ("Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)", ("timeout", "exception")),
        ('return /(a+)+$/.test("a".repeat(40) + "b")', ("timeout",)),
        ("const a = []; while (true) a.push(new Array(1e6).fill(1))", ("memory", "crash")),
        ("const a = []; while (true) { a.push(new Uint8Array(1e7).fill(1)) }", ("exception", "memory", "crash")),
        ("const a = new SharedArrayBuffer(3e9); return new Uint8Array(a).fill(1).length", ("exception", "crash")),
        ("const a = new ArrayBuffer(1, {maxByteLength: 2 ** 40}); a.resize(2 ** 40)", ("exception", "crash")),
        ('let s = "x"; while (true) s += s + s', ("memory", "exception", "crash")),
        ('return "x".repeat(2 ** 29).split("")', ("memory", "exception", "crash", "timeout")),
        ("const f = () => f(); f()", ("exception",)),
        ("const a = {}; a.a = a; return a", ("exception",)),
        ("let a = []; for (let i = 0; i < 1e5; i++) a = [a]; return a", ("exception", "crash")),
        ('return "x".repeat(2e6)', ("output",)),
        ("while (true) console.log('x'.repeat(1000))", ("timeout", "memory")),
        ("return 10n ** 10n ** 8n", ("exception", "timeout", "memory", "crash")),
        ("new Array(2 ** 32 - 1).fill(0)", ("memory", "timeout", "crash", "exception")),
        ("Promise.resolve().then(function f() { return Promise.resolve().then(f) }); return 1", ("", "timeout")),
        ("setTimeout(() => { while (true) {} }, 0); return 1", ("", "timeout", "exception")),
    ],
)
def test_javascript_is_held_to_its_limits(source: str, codes: tuple[str, ...]) -> None:
    began = time.monotonic()
    ended = javascript(source, seconds=1.0)
    assert ended.code in codes, ended
    assert time.monotonic() - began < 14


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ("JSON.stringify = () => '\"forged\"'; return 1", 1),
        ("JSON = null; return 1", 1),
        ("Object.prototype.value = 'x'; return {a: 1}", {"a": 1}),
        ("Function.prototype.call = null; return 2", 2),
        ("return {toJSON: () => 5}", 5),
        ("return {__proto__: {x: 1}, a: 1}", {"a": 1}),
        ("return JSON.parse('{\"__proto__\": 1}')", {"__proto__": 1}),
        ("}); return 8; ((", None),
        ("return new Proxy({a: 1}, {})", {"a": 1}),
        ("return new Date(0)", "1970-01-01T00:00:00.000Z"),
    ],
)
def test_javascript_can_change_its_own_world_only(source: str, value: Any) -> None:
    ended = javascript(source)
    assert (json.loads(ended.value) if not ended.code else None) == value, ended


@pytest.mark.parametrize(
    "source",
    [
        "Array.prototype.toJSON = () => 1; return 1",
        "Object.prototype.toJSON = () => 1; return {}",
        "Array.prototype.toJSON = () => ['[', 'x', 3]; return 1",
        "String.prototype.toJSON = () => 1; Array.prototype.join = () => { throw 1 }; return 1",
    ],
)
def test_an_answer_that_was_tampered_with_is_an_error_or_its_own(source: str) -> None:
    ended = javascript(source)
    assert ended.code in ("result", "exception", "crash") or json.loads(ended.value) == 1, ended


# ---------------------------------------------------------------- the process


def test_the_child_has_neither_environment_nor_descriptors_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked at from outside, while a program waits."""
    monkeypatch.setenv("PLANTED_SECRET", "hunter2-planted")
    with socket.socket() as ours:
        os.set_inheritable(ours.fileno(), True)
        found: dict[str, Any] = {}
        watcher = threading.Thread(target=_look_at_children, args=(found,))
        watcher.start()
        ended = python("while True: pass", seconds=1.5)
        watcher.join()
        own = os.readlink(f"/proc/self/fd/{ours.fileno()}")
    assert ended.code == "timeout" and found["environ"]
    assert not any(b"hunter2" in text for text in found["environ"])
    assert own.startswith("socket:") and own not in found["descriptors"], found["descriptors"]
    assert found["cwd"] == {"/"} and "Max file size             0" in found["limits"]


def _look_at_children(found: dict[str, Any]) -> None:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        time.sleep(0.05)
        pids = [int(p) for p in os.listdir("/proc") if p.isdigit() and _parent(int(p)) == os.getpid()]
        pids += [int(p) for p in os.listdir("/proc") if p.isdigit() and _parent(int(p)) in pids]
        try:
            commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in pids}
            ours = [pid for pid in pids if b"sandbox.child" in commands[pid] or b"monty" in commands[pid]]
            if len(ours) < 2:
                continue
            found["environ"] = [Path(f"/proc/{pid}/environ").read_bytes() + commands[pid] for pid in ours]
            found["cwd"] = {os.readlink(f"/proc/{pid}/cwd") for pid in ours}
            found["descriptors"] = [
                os.readlink(f"/proc/{pid}/fd/{fd}")
                for pid in ours
                if b"sandbox.child" in commands[pid]
                for fd in os.listdir(f"/proc/{pid}/fd")
            ]
            found["limits"] = Path(f"/proc/{ours[0]}/limits").read_text()
            return
        except OSError:
            continue


def _parent(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except (OSError, IndexError):
        return 0


def _sandboxes() -> set[int]:
    found = set()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            text = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            continue
        if b"sandbox.child" in text and sys.executable.encode() in text:
            found.add(int(pid))
    return found


def test_nothing_is_left_behind() -> None:
    """Neither child nor interpreter, whether it ended by itself, was killed or was given up."""

    async def cancelled() -> None:
        task = asyncio.create_task(
            sandbox.run("python", {"source": "while True: pass", "input": 1}, seconds=5, megabytes=32)
        )
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    children = set(_children(os.getpid()))
    python("1")
    javascript("while (true) {}", seconds=0.5)
    asyncio.run(cancelled())
    assert set(_children(os.getpid())) <= children


def _children(pid: int) -> list[int]:
    return [int(p) for p in os.listdir("/proc") if p.isdigit() and _parent(int(p)) == pid]


def test_a_poller_that_is_killed_takes_its_programs_along() -> None:
    script = (
        "import asyncio\nfrom pgwhen.poller import sandbox\n"
        "asyncio.run(sandbox.run('javascript', {'source': 'while (true) {}', 'input': 1}, seconds=10, megabytes=32))"
    )
    process = subprocess.Popen([sys.executable, "-c", script])
    child: list[int] = []
    deadline = time.monotonic() + 10
    while not child and time.monotonic() < deadline:
        time.sleep(0.05)
        child = [pid for pid in _children(process.pid) if pid in _sandboxes()]
    time.sleep(0.3)  # it asks to die with its parent as its first act
    process.kill()
    process.wait()
    while child and time.monotonic() < deadline:
        if not Path(f"/proc/{child[0]}").exists() or "State:\tZ" in Path(f"/proc/{child[0]}/status").read_text():
            return
        time.sleep(0.05)
    pytest.fail(f"the child {child} lives on")


def test_children_take_turns() -> None:
    """No more at once than there are processors, and each has its whole time."""

    async def many() -> list[Ended]:
        job = {"source": "return 1", "input": None}
        return await asyncio.gather(
            *(sandbox.run("javascript", job, seconds=5, megabytes=32) for _ in range(3 * (os.cpu_count() or 1)))
        )

    assert [ended.value for ended in asyncio.run(many())] == ["1"] * 3 * (os.cpu_count() or 1)
