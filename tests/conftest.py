"""What all tests share: the flag that writes snapshots anew, and the comparison with them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from mail_server import MailServer, mail_server

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
