"""What all tests share: the clock, snapshots and the flag that writes them anew, a mail server, the command line."""

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import hypothesis
import pytest
from clocks import CHILDREN, FROZEN, Clock, faketime_is_in_the_way, moment
from mail_server import MailServer, mail_server
from postgres import new_database, postgres_server

from commitments.store import sqlite
from commitments.store.postgres import Postgres
from engine.cli import main
from engine.workspace import clock

SNAPSHOTS = Path(__file__).parent / "snapshots"


CLOCK = pytest.StashKey[Clock]()
CAREFUL = []
"""What prepares a connection where nothing is changed for the tests."""

# How long an example takes says how busy the machine is, and what is slow to make up is no fault of what is tested.
hypothesis.settings.register_profile(
    "gestand", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow], print_blob=True
)
hypothesis.settings.load_profile("gestand")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", action="store_true", help="write the snapshots anew, to be read in the diff")
    parser.addoption(
        "--at", type=moment, help="let all tests take place at another moment; the real clock begins there"
    )
    parser.addoption("--days-later", type=int, default=0, help="let them take place so many days later, likewise")


def pytest_configure(config: pytest.Config) -> None:
    """Stop the clock before the first test file is read: nothing of the day on which tests run gets into them."""
    config.stash[CLOCK] = clock = _asked_for(config)
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        return  # this process only hands out the tests
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [CHILDREN, os.environ.get("PYTHONPATH")]))
    asked = Postgres.clock
    Postgres.clock = lambda self, engine, local: clock.of_database(asked(self, engine, local))
    _spare_the_disk()
    clock.freeze()
    sys.addaudithook(clock.watch)


def _spare_the_disk() -> None:
    """No power cut comes between: a store in this process waits for no disk, unless a test asks for the file's own."""
    connected = sqlite._connected

    def careless(connection: sqlite3.Connection, record: object) -> None:
        connected(connection, record)
        connection.execute("PRAGMA synchronous = OFF")

    sqlite._connected = careless
    CAREFUL.append(connected)


def _asked_for(config: pytest.Config) -> Clock:
    """The clock of a run, by its options."""
    if at := config.getoption("--at"):
        return Clock(at, at - datetime.now(UTC))
    later = timedelta(days=config.getoption("--days-later"))
    return Clock(FROZEN + later, later)


def pytest_unconfigure(config: pytest.Config) -> None:
    config.stash[CLOCK].release()


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Leave out, before any fixture is made, what waits where no wait ends."""
    if item.get_closest_marker("real_clock") and faketime_is_in_the_way():
        pytest.skip("faketime lets no wait end: --at and --days-later need no faketime")


@pytest.fixture(autouse=True)
def wall_clock(request: pytest.FixtureRequest) -> Iterator[Clock]:
    """The clock as the test asks for it by a mark: frozen at the one moment or another, or the real one."""
    clock = request.config.stash[CLOCK]
    if request.node.get_closest_marker("real_clock"):
        clock.run()
    elif asked := request.node.get_closest_marker("at"):
        clock.freeze(moment(asked.args[0]))
    yield clock
    clock.freeze()


@pytest.fixture
def snapshot(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """A function (name, text) that fails unless the text is what tests/snapshots/name holds, to the byte."""

    def same(name: str, text: str) -> None:
        file = SNAPSHOTS / name
        if request.config.getoption("--update-snapshots"):
            file.write_bytes(text.encode())
        assert text == file.read_bytes().decode(), f"{name} differs: pytest --update-snapshots, then read the diff"

    return same


@pytest.fixture
def server() -> Iterator[MailServer]:
    """A real mail server, on a port of its own."""
    with mail_server() as running:
        yield running


@pytest.fixture
def disk(monkeypatch):
    """A store waits for the disk, as it does outside the tests."""
    monkeypatch.setattr(sqlite, "_connected", *CAREFUL)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> Path:
    """A certificate of localhost, signed by itself, and its key, in one file."""
    folder = tmp_path_factory.mktemp("tls")
    name = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"]
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *name]
    subprocess.run([*made, "-keyout", folder / "key", "-out", folder / "cert"], check=True, capture_output=True)
    both = folder / "both.pem"
    both.write_text((folder / "key").read_text() + (folder / "cert").read_text())
    return both


@pytest.fixture(scope="session")
def postgres():
    """The address of a real PostgreSQL server."""
    with postgres_server() as address:
        yield address


@pytest.fixture
def database(postgres):
    """The address of an empty PostgreSQL database."""
    with new_database(postgres) as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """Where a new store is to be, in each kind of database."""
    return str(tmp_path / "gestand.db") if request.param == "sqlite" else request.getfixturevalue("database")


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """A function that runs gestand in an empty folder and returns (status, what it said, what it complained of)."""
    monkeypatch.chdir(tmp_path)

    def gestand(*words):
        monkeypatch.setattr(sys, "argv", ["gestand", *words])
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        return left.value.code, said.out, said.err

    return gestand


@pytest.fixture(scope="session")
def _made(tmp_path_factory) -> Callable[[str], Path]:
    """Where the workspace with the example is kept that was made at a moment; there is nothing yet if none was."""
    kept = tmp_path_factory.mktemp("workspaces")
    return lambda moment: kept / moment


@pytest.fixture
def workspace(run, tmp_path, wall_clock, _made):
    """The same, in a new workspace with the example taken in: made once for each moment, and copied for each test."""
    # a test that sets our own clock gets a workspace of that moment, and leaves it to nobody else
    kept, bare = _made(f"{time.time()} {clock.now()}".replace(":", "-")), not any(tmp_path.iterdir())
    if kept.exists():
        shutil.copytree(kept, tmp_path, dirs_exist_ok=True)
        return run
    assert run("init")[0] == 0
    assert run("import", "commitments/example.yaml", "--actor", "clerk")[0] == 0
    if bare and not wall_clock.real:
        shutil.copytree(tmp_path, kept)
    return run
