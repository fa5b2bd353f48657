"""Which PostgreSQL Tenure runs on, and how a process gets hold of the embedded one.

With DATABASE_URL everything here stands aside. Without it, a server from a Python wheel keeps its data in
the state folder. Nobody owns that server: every process that needs it holds a shared lock on a file, and a
small process (`crm/keeper.py`) stops the server when the last lock is gone. The kernel drops a lock however
its holder ends, so a killed client leaves nothing behind, and there are no lists of process ids to go stale.

`python -m crm.database PROGRAM …` runs a program with DATABASE_URL set and the lock held. Nothing here needs
Django to be set up.
"""

import contextlib
import fcntl
import hashlib
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import psycopg

from crm import settings

NAME = "tenure"
PORT = 5432
START_SECONDS = 120
LOCK_VARIABLE = "TENURE_DATABASE_LOCK"
keepers: list[subprocess.Popen[bytes]] = []  # those started by this process, which end when they want
SOCKET_BYTES = 90  # the system allows 107 for the folder and "/.s.PGSQL.5432"


class DatabaseError(Exception):
    """The embedded server could not be started; the message says why and what to do."""


@dataclass(frozen=True)
class Place:
    """The folder of one embedded server and the files in it. `test` servers trade safety of their data for speed."""

    folder: Path
    test: bool = False

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    @property
    def users(self) -> Path:
        """Locked shared by everybody who needs the server; exclusively by the keeper while it stops it."""
        return self.folder / "users.lock"

    @property
    def keeper(self) -> Path:
        """Locked by the keeper as long as it lives."""
        return self.folder / "keeper.lock"

    @property
    def socket(self) -> Path:
        """The private folder of the socket: in the state folder when its path is short and plain, else in /tmp."""
        near = self.folder / "socket"
        plain = all(part.replace("-", "").replace("_", "").replace(".", "").isalnum() for part in near.parts[1:])
        if plain and len(os.fsencode(near)) <= SOCKET_BYTES:
            return near
        return Path("/tmp") / f"tenure-{hashlib.sha256(os.fsencode(self.folder)).hexdigest()[:16]}"  # noqa: S108

    def url(self, database: str = NAME) -> str:
        return f"postgresql://{NAME}@/{database}?host={self.socket}&port={PORT}"


def place(*, test: bool = False) -> Place:
    """The embedded server of this installation, or the one of its test suite."""
    return Place((settings.TENURE_HOME / ("test-database" if test else "database")).resolve(), test)


def attach(where: Place) -> int:
    """Make sure that the server of `where` runs and hold it; start it when needed.

    Returns the file descriptor that holds it: close it, or end the process, to let go. Raises DatabaseError.
    """
    where.folder.mkdir(parents=True, exist_ok=True)
    with (where.folder / "start.lock").open("w") as start:
        fcntl.flock(start, fcntl.LOCK_EX)
        held = os.open(where.users, os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.flock(held, fcntl.LOCK_SH)  # waits for a server that is just being stopped
        try:
            ensure_running(where)
        except BaseException:
            os.close(held)
            raise
        return held


def ensure_running(where: Place) -> None:
    """Start the keeper unless one lives, wait until its server answers and has our database."""
    keeper = None
    deadline = time.monotonic() + START_SECONDS
    while not answers(where):
        if keeper is None and is_free(where.keeper):
            keeper = start_keeper(where)
        if keeper is not None and keeper.poll() is not None:
            raise DatabaseError(f"The embedded PostgreSQL did not start. {where.log} ends with:\n{tail(where.log)}")
        if time.monotonic() > deadline:
            raise DatabaseError(f"The embedded PostgreSQL did not answer within {START_SECONDS} seconds; see {where.log}")
        time.sleep(0.05)


def start_keeper(where: Place) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "crm.keeper", str(where.folder), *(["--test"] if where.test else [])]
    with where.log.open("ab") as log:
        keeper = subprocess.Popen(  # noqa: S603
            command, cwd=settings.BASE_DIR, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )
    keepers.append(keeper)
    return keeper


def answers(where: Place) -> bool:
    """Whether the server takes connections and our database exists; makes the database on a new server."""
    try:
        psycopg.connect(where.url(), connect_timeout=5).close()
    except psycopg.OperationalError as problem:
        return "does not exist" in str(problem) and f'"{NAME}"' in str(problem) and create_database(where)
    return True


def create_database(where: Place) -> bool:
    """Make our database from the untouched template; the builtin locale C.UTF-8 comes from `initdb`."""
    with psycopg.connect(where.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {NAME} TEMPLATE template0 ENCODING 'UTF8'")
    return True


def is_free(path: Path) -> bool:
    """Whether nobody holds an exclusive lock on the file."""
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


def detach(where: Place, held: int, *, seconds: float = 60) -> bool:
    """Let go, and wait for the server to stop when nobody else needs it. Returns whether it has stopped."""
    os.close(held)
    deadline = time.monotonic() + seconds
    quiet = 0
    while not is_free(where.keeper) and time.monotonic() < deadline and quiet < 10:
        time.sleep(0.05)
        quiet = quiet + 1 if is_free(where.users) else 0  # the keeper takes it at once unless somebody else holds it
    stopped = is_free(where.keeper)
    if stopped:
        reap(where)
    return stopped


def reap(where: Place) -> None:
    """Take leave of the keeper, in case it is a child of this process."""
    with contextlib.suppress(ChildProcessError, FileNotFoundError, ValueError):
        os.waitpid(int(where.keeper.read_text()), 0)
    keepers[:] = [keeper for keeper in keepers if keeper.poll() is None]


def held_descriptor() -> int | None:
    """The descriptor with which `python -m crm.database` holds the embedded server for this process; None without one."""
    return int(os.environ[LOCK_VARIABLE]) if LOCK_VARIABLE in os.environ else None


def tail(path: Path, lines: int = 15) -> str:
    return "\n".join(path.read_text(errors="replace").splitlines()[-lines:]) if path.exists() else "(no log)"


def run(program: list[str]) -> None:
    """Become `program`, with DATABASE_URL set and the embedded server held as long as it runs."""
    if not settings.env.str("DATABASE_URL", default=""):
        where = place()
        held = attach(where)
        os.set_inheritable(held, True)  # noqa: FBT003
        os.environ |= {"DATABASE_URL": where.url(), LOCK_VARIABLE: str(held)}
    os.execvp(program[0], program)  # noqa: S606


def main(program: list[str]) -> None:
    try:
        run(program)
    except DatabaseError as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main(sys.argv[1:])
