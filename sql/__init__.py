"""The SQL of pgwhen, in the order in which it is applied.

Files are found, not listed: a new function is a new file. The order is functions, triggers, views, optional (each
sorted by path), with one exception: what a file needs *when it is created* (a default value, a type of its signature,
what a view selects from) goes before it. Bodies need nothing, since they are not checked while they are applied.
``grants.sql`` is last.

A file may open with directives, one comment line each:

``-- owner: pgwhen_actions``
    the role that creates and owns what is in the file (else ``pgwhen_owner``)
``-- requires: language plpython3u``
    applied only where the language exists, and by a superuser (untrusted languages ask for one)
``-- apply: by hand``
    not applied by ``pgwhen migrate``: a readable example

``@poller/templates.py@`` anywhere in a file stands for the text of that Python module as a Python string literal, so
that a function in PL/Python and the poller share one source.
"""

import re
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import Final

#: Folder of the SQL files.
FOLDER = Path(__file__).resolve().parent

#: Folder of the migrations.
MIGRATIONS = FOLDER.parent / "migrations"

#: ``migrate`` takes the advisory lock of this key exclusively, for its session; tick, claim, freeze and report take it
#: shared, for their transaction, so that nobody runs half of an old and half of a new version.
MIGRATE_LOCK: Final = "hashtextextended('pgwhen.migrate', 0)"

#: Whoever publishes takes the lock of this key for their transaction (_lock_definitions), and so does ``migrate`` while
#: it replaces the functions.
DEFINITIONS_LOCK: Final = "hashtextextended('pgwhen.definitions', 0)"

#: The queues, in pgmq.
QUEUES = ("pgwhen_events", "pgwhen_actions")

OWNER = "pgwhen_owner"

#: Functions that no file makes any more. A statement that began before ``migrate`` may still call them; a migration of
#: the next version drops them.
RETIRED: Final = ("_formats", "_formats_differ", "_set_formats")

_DIRECTIVE = re.compile(r"--\s*(owner|requires|apply):\s*(.+?)\s*$")
_BODY = re.compile(r"\bas\s+\$", re.IGNORECASE)
_COMMENT = re.compile(r"--[^\n]*")
_MODULE = re.compile(r"@(\w+/\w+\.py)@")
_NAME = re.compile(r"\bpgwhen(?:_sandbox)?\.(\w+)")


@dataclass(frozen=True, slots=True)
class SqlFile:
    """One file under ``sql/``.

    ``name`` is the path below ``sql/`` with forward slashes, ``owner`` the role it is applied under, ``language`` the
    procedural language it needs or "".
    """

    name: str
    text: str
    owner: str = OWNER
    language: str = ""
    by_hand: bool = False

    @property
    def stem(self) -> str:
        """The file's name without folder and suffix: the name of the function or view in it."""
        return self.name.rsplit("/", 1)[-1].removesuffix(".sql")


def read(path: Path, folder: Path = FOLDER) -> SqlFile:
    """Read one file and its directives, which are the comment lines it opens with."""
    text = path.read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for line in text.splitlines():
        if not line.startswith("--"):
            break
        if match := _DIRECTIVE.match(line):
            found[match[1]] = match[2]
    return SqlFile(
        name=path.relative_to(folder).as_posix(),
        text=_MODULE.sub(lambda match: repr((folder.parent / match[1]).read_text(encoding="utf-8")), text),
        owner=found.get("owner", OWNER),
        language=_language(found.get("requires", "")),
        by_hand=found.get("apply") == "by hand",
    )


def _language(requirement: str) -> str:
    kind, _, name = requirement.partition(" ")
    if requirement and kind != "language":
        raise ValueError(f"unknown directive: requires: {requirement}")
    return name.strip()


def files(folder: Path = FOLDER) -> list[SqlFile]:
    """What ``migrate`` applies after the migrations, in order, without ``grants.sql``.

    Raises ValueError when files need each other at creation.
    """
    patterns = ("functions/**/*.sql", "triggers/*.sql", "views/*.sql", "optional/*.sql")
    found = [read(path, folder) for pattern in patterns for path in sorted(folder.glob(pattern))]
    return _sort([file for file in found if not file.by_hand])


def grants(folder: Path = FOLDER) -> SqlFile:
    """The only GRANT and REVOKE, applied last."""
    return read(folder / "grants.sql", folder)


def script(name: str, folder: Path = FOLDER) -> str:
    """The text of one of the set-up scripts: ``roles.sql``, ``schemas.sql``, ``queues.sql``."""
    return (folder / name).read_text(encoding="utf-8")


def _needs(file: SqlFile) -> set[str]:
    """Names of schema pgwhen that PostgreSQL looks up while it creates what is in the file."""
    text = _COMMENT.sub("", file.text)
    if not file.name.startswith("views/") and (body := _BODY.search(text)):
        text = text[: body.start()]
    return set(_NAME.findall(text))


def _sort(found: list[SqlFile]) -> list[SqlFile]:
    """Keep the order given except where a file needs a later one."""
    places = {file.stem: place for place, file in enumerate(found)}
    sorter: TopologicalSorter[int] = TopologicalSorter()
    for place, file in enumerate(found):
        sorter.add(place, *(places[name] for name in _needs(file) & places.keys() if places[name] != place))
    try:
        sorter.prepare()
    except CycleError as error:
        names = " -> ".join(found[place].name for place in error.args[1])
        raise ValueError(f"sql files need each other at creation: {names}") from error
    order: list[int] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready())
        order += ready
        sorter.done(*ready)
    return [found[place] for place in order]
