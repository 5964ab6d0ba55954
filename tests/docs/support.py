"""Reading the documentation: its files, the blocks in them, and running these."""

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]

#: What people read, decisions and the generated reference included.
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])

_BLOCK = re.compile(r"(?:^<!-- ([^\n]*?) -->\n)?^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: its language, its text, and the comment directly above it.

    Comments that mean something: ``file: NAME`` (the reader makes this file), ``output`` (what the block before prints,
    where … stands for anything), ``not run: WHY``.
    """

    language: str
    text: str
    note: str
    line: int


def blocks(page: Path) -> list[Block]:
    """The fenced blocks of a page."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(match[2], match[3], match[1] or "", text.count("\n", 0, match.start(2)) + 1)
        for match in _BLOCK.finditer(text)
    ]


def matches(expected: str, actual: str) -> bool:
    """Whether lines are as expected, in this order and next to each other; … stands for anything, lines included."""

    def plain(text: str) -> list[str]:
        return [" ".join(line.split()) for line in text.strip().splitlines() if line.strip()]

    pattern = "\n".join(plain(expected))
    return re.search(re.escape(pattern).replace("…", ".*"), "\n".join(plain(actual)), re.DOTALL) is not None


def run(text: str, folder: Path, environ: dict[str, str]) -> str:
    """Run a block of shell commands as the reader would; its stdout and stderr. Variables it exports are kept."""
    keep = folder / ".environ"
    script = f"set -eu\n{text}\nenv -0 > '{keep}'\n"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    base = {"PATH": path, "HOME": str(folder), "COLUMNS": "140", "LC_ALL": "C.UTF-8", "NO_COLOR": "1", "TZ": "UTC"}
    done = subprocess.run(
        ["bash", "-c", script], cwd=folder, env=base | environ, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, timeout=110,
    )  # fmt: skip
    assert done.returncode == 0, f"exit {done.returncode}\n$ {text}\n{done.stdout}"
    pairs = (entry.partition("=") for entry in keep.read_text().split("\0") if entry)
    environ |= {name: value for name, _, value in pairs if name not in ("PATH", "HOME", "PWD", "OLDPWD", "SHLVL", "_")}
    return done.stdout
