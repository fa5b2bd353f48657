"""The embedded server, with real processes. Each test has a place of its own."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg
import pytest

from crm import database, keeper

ROOT = Path(database.settings.BASE_DIR)
HOLD = "import sys, time; from pathlib import Path; from crm import database as d; d.attach(d.Place(Path(sys.argv[1]), test=True)); print('held', flush=True); time.sleep(600)"


@pytest.fixture(scope="module")
def module_folder():
    folder = Path(tempfile.mkdtemp(prefix="tenure-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def place(module_folder):
    """One data folder for all tests here, because making one takes a second; each test leaves it without a server."""
    where = database.Place(module_folder / "database", test=True)
    yield where
    if where.keeper.exists():
        wait_until(lambda: database.is_free(where.keeper))
        database.reap(where)


def wait_until(condition, seconds=30):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def holder(where):
    """Another process that holds the server."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(where.folder)], cwd=ROOT, stdout=subprocess.PIPE)
    with process.stdout as lines:
        assert lines.readline() == b"held\n"
    return process


def servers(where):
    return [int(path.name) for path in Path("/proc").glob("[0-9]*") if keeper.is_server(int(path.name), where)]


def test_the_first_user_starts_it_and_the_last_one_stops_it(place):
    held = database.attach(place)
    again = database.attach(place)
    with psycopg.connect(place.url()) as connection:
        [locale] = connection.execute("SELECT datlocale FROM pg_database WHERE datname = current_database()").fetchone()
    assert locale == "C.UTF-8"
    assert not database.detach(place, again)
    assert len(servers(place)) == 1
    assert database.detach(place, held)
    assert servers(place) == []


def test_a_killed_client_leaves_no_server(place):
    client = holder(place)
    client.kill()
    client.wait()
    wait_until(lambda: servers(place) == [])


def test_a_client_that_is_killed_and_never_waited_for_leaves_no_server(place):
    client = holder(place)
    client.kill()
    wait_until(lambda: servers(place) == [])  # the client is a zombie here
    assert Path(f"/proc/{client.pid}").exists()
    client.wait()


def test_a_server_lives_on_while_another_client_lives(place):
    client = holder(place)
    held = database.attach(place)
    client.kill()
    client.wait()
    time.sleep(0.5)
    psycopg.connect(place.url()).close()
    assert database.detach(place, held)


def test_a_killed_keeper_takes_the_server_along_and_the_next_start_works(place):
    held = database.attach(place)
    [server] = servers(place)
    parent = int(Path(f"/proc/{server}/stat").read_text().rpartition(")")[2].split()[1])
    os.kill(parent, signal.SIGKILL)
    wait_until(lambda: servers(place) == [])
    again = database.attach(place)
    psycopg.connect(place.url()).close()
    os.close(held)
    assert database.detach(place, again)


def test_what_a_killed_server_left_is_cleared(place):
    held = database.attach(place)
    [server] = servers(place)
    os.kill(server, signal.SIGKILL)
    wait_until(lambda: database.is_free(place.keeper))
    (place.data / "postmaster.pid").write_text(f"{os.getpid()}\n")  # another program got its process id
    again = database.attach(place)
    psycopg.connect(place.url()).close()
    os.close(held)
    assert database.detach(place, again)


def test_a_long_path_with_blanks_gets_a_short_private_socket():
    where = database.Place(Path("/srv") / ("long name " * 15).strip() / "database")
    assert len(str(where.socket)) < 50
    assert where.socket.parent == Path("/tmp")
    assert where.socket == database.Place(where.folder).socket


def test_a_socket_folder_of_somebody_else_is_refused(tmp_path):
    where = database.Place(tmp_path / "database")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "socket").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(SystemExit, match="belongs to somebody else"):
        keeper.own_folder(tmp_path / "socket", where)
