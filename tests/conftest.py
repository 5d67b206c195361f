"""What all tests share: snapshots and the flag that writes them anew, a mail server, the command line."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mail_server import MailServer, mail_server
from postgres import new_database, postgres_server

from engine.cli import main

SNAPSHOTS = Path(__file__).parent / "snapshots"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-snapshots", action="store_true", help="write the snapshots anew, to be read in the diff")


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


@pytest.fixture
def workspace(run):
    """The same, in a new workspace with the example taken in."""
    assert run("init")[0] == 0
    assert run("import", "commitments/example.yaml", "--actor", "clerk")[0] == 0
    return run
