"""The service's port under many and slow connections: it stays open to others, and passes go on."""

import http.client
import resource
import socket
import subprocess
import sys
import threading
import time
from contextlib import ExitStack, closing, contextmanager
from http import HTTPStatus

import pytest

from engine.service import http as port
from engine.service.http import MOST, Answer, listening
from engine.workspace.settings import ServiceSettings


@pytest.fixture
def address():
    """The port of a service that answers every request with its method and the length of its body."""
    with served(_told) as there:
        yield there


@contextmanager
def served(respond):
    with listening(ServiceSettings(port=_free_port()), respond) as there:
        yield there


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def _told(asked):
    return Answer.text(HTTPStatus.OK, f"{asked.method} {len(asked.body)}")


def _get(number):
    with closing(http.client.HTTPConnection("127.0.0.1", number, timeout=20)) as connection:
        connection.request("GET", "/health")
        return connection.getresponse().read()


def _half(stack, number, sent=b"GET /health HTTP/1.1\r\nHost: x"):
    connection = stack.enter_context(socket.create_connection(("127.0.0.1", number)))
    connection.sendall(sent)
    return connection


def test_half_sent_requests_make_room_for_whole_ones(address):
    with ExitStack() as stack:
        halves = [_half(stack, address) for _ in range(3 * MOST)]
        assert _get(address) == b"GET 0\n"
        # The first of them were hung up on: they kept the service waiting longest.
        halves[0].settimeout(5)
        assert halves[0].recv(1) == b""


def test_a_request_that_drips_has_one_limit_in_all(address, monkeypatch):
    monkeypatch.setattr(port, "_SECONDS", 0.5)
    with ExitStack() as stack:
        slow = _half(stack, address, b"POST /unsubscribe/x HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        assert _drips_until_hung_up_on(slow, 10) < 10


def _drips_until_hung_up_on(connection, limit):
    """Seconds until the other end hangs up on one that sends a byte now and then; the limit where it does not."""
    connection.settimeout(0.1)
    began = time.monotonic()
    while (passed := time.monotonic() - began) < limit:
        try:
            connection.sendall(b"x")
            if connection.recv(1) == b"":
                return passed
        except TimeoutError:
            continue
        except OSError:
            return passed
    return limit


@pytest.mark.real_clock
def test_where_as_many_as_there_may_be_are_answered_the_next_is_hung_up_on(monkeypatch):
    monkeypatch.setattr(port, "_PATIENCE", 0.1)
    answered, go_on = threading.Semaphore(0), threading.Event()

    def respond(asked):
        answered.release()
        go_on.wait(20)
        return _told(asked)

    with served(respond) as number, ExitStack() as stack:
        for _ in range(MOST):
            _half(stack, number, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert all(answered.acquire(timeout=10) for _ in range(MOST))
        with pytest.raises((http.client.RemoteDisconnected, ConnectionError)):
            _get(number)
        go_on.set()
        _until(lambda: _health(number) == HTTPStatus.OK)


SERVED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
sys.argv = ["gestand", "serve", "--interval", "0.3", "--port", sys.argv[1]]
from engine.cli import main
main()
"""


@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_NOFILE)[0] < 512, reason="the system gives too few files")
@pytest.mark.real_clock
def test_passes_go_on_with_300_half_sent_requests_and_256_files(workspace, tmp_path):
    number, log = _free_port(), tmp_path / "log"
    words = [sys.executable, "-c", SERVED, str(number)]
    with (
        log.open("wb") as file,
        subprocess.Popen(words, cwd=tmp_path, stdout=file, stderr=file) as served,
        ExitStack() as stack,
    ):
        try:
            _until(lambda: _health(number) == HTTPStatus.OK)
            for _ in range(300):
                _half(stack, number)
            time.sleep(1.5)
            assert _health(number) == HTTPStatus.OK
        finally:
            served.terminate()
    told = log.read_text()
    assert "failed" not in told, told
    assert "Too many open files" not in told, told


def _health(number):
    try:
        with closing(http.client.HTTPConnection("127.0.0.1", number, timeout=20)) as connection:
            connection.request("GET", "/health")
            return connection.getresponse().status
    except OSError:
        return None


def _until(so, seconds=30):
    end = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < end, "it did not come to pass in time"
        time.sleep(0.1)
