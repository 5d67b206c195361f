"""What comes with a request to the local port, by its length or in chunks, and what is answered where it is wrong."""

import contextlib
import io
import socket
from email.message import Message
from http import HTTPStatus

import pytest
from hypothesis import given
from hypothesis import strategies as st
from mail_server import free_port

from engine.service.body import LONGEST_BODY, BodyError, read_body
from engine.service.http import Answer, listening
from engine.workspace.settings import ServiceSettings

CHUNKED = "Transfer-Encoding: chunked"
CLICK = b"List-Unsubscribe=One-Click"


@pytest.fixture
def ask():
    """A function that sends octets to the port: the status, and the body that arrived."""

    def respond(asked):
        return Answer(status=HTTPStatus.OK, content_type="text/plain", body=asked.body)

    with listening(ServiceSettings(port=free_port()), respond) as port:

        def asked(octets: bytes, *headers: str) -> tuple[int, bytes]:
            with socket.create_connection(("127.0.0.1", port), timeout=10) as there:
                head = "".join(f"{line}\r\n" for line in ("POST /x HTTP/1.1", "Host: x", *headers))
                there.sendall(head.encode("latin-1") + b"\r\n" + octets)
                there.shutdown(socket.SHUT_WR)
                answer = b"".join(iter(lambda: there.recv(4096), b""))
            return int(answer.split()[1]), answer.partition(b"\r\n\r\n")[2]

        yield asked


@pytest.mark.parametrize(
    "octets",
    [
        b"1a\r\n" + CLICK + b"\r\n0\r\n\r\n",
        b"4\r\nList\r\n16\r\n-Unsubscribe=One-Click\r\n0\r\n\r\n",
        b"1A ; name=value\r\n" + CLICK + b"\r\n000\r\nX-Trailer: y\r\n\r\n",
    ],
)
def test_a_click_in_chunks_arrives_whole(ask, octets):
    assert ask(octets, CHUNKED) == (200, CLICK)
    assert ask(octets, "Transfer-Encoding:  Chunked ") == (200, CLICK)


@pytest.mark.parametrize(
    ("octets", "headers", "status"),
    [
        (b"", [], 411),  # no length
        (CLICK, ["Content-Length: 26"], 200),
        (b"", ["Content-Length: 0"], 200),
        (CLICK, ["Content-Length: 1025"], 413),
        (CLICK, ["Content-Length: " + "9" * 5000], 413),
        (CLICK, ["Content-Length: 27"], 400),  # less came than was said
        (CLICK, ["Content-Length: -1"], 400),
        (CLICK, ["Content-Length: +26"], 400),
        (CLICK, ["Content-Length: 2\xb2"], 400),  # a digit that is none
        (CLICK, ["Content-Length: 26", "Content-Length: 26"], 400),
        (CLICK, ["Content-Length: 26", CHUNKED], 400),  # two answers to one question: smuggling
        (CLICK, [CHUNKED, CHUNKED], 501),
        (CLICK, ["Transfer-Encoding: gzip, chunked"], 501),
        (CLICK, ["Transfer-Encoding: identity"], 501),
        (b"401\r\n" + b"a" * 1025, [CHUNKED], 413),
        (b"200\r\n" + b"a" * 512 + b"\r\n" + b"201\r\n" + b"a" * 513, [CHUNKED], 413),  # too long together
        (b"ffffffff\r\n", [CHUNKED], 413),
        (b"fffffffff\r\n", [CHUNKED], 400),
        (b"", [CHUNKED], 400),
        (b"1a\r\n" + CLICK, [CHUNKED], 400),  # broken off
        (b"1a\r\n" + CLICK + b"\r\n", [CHUNKED], 400),
        (b"1a\r\n" + CLICK + b"\r\n0\r\n", [CHUNKED], 400),
        (b"1a\r\n" + CLICK + b"x\r\n0\r\n\r\n", [CHUNKED], 400),
        (b"-1\r\n\r\n", [CHUNKED], 400),
        (b"0x1a\r\n" + CLICK + b"\r\n0\r\n\r\n", [CHUNKED], 400),
        (b"1a;" + b"a" * 300 + b"\r\n", [CHUNKED], 400),
        (b"0\r\n" + b"X-A: b\r\n" * 100, [CHUNKED], 400),  # fields without end
    ],
)
def test_what_is_not_told_rightly_or_is_too_much_is_refused(ask, octets, headers, status):
    assert ask(octets, *headers)[0] == status


@given(st.binary(max_size=3000), st.sampled_from(["Transfer-Encoding", "Content-Length"]))
def test_any_octets_are_a_body_within_bounds_or_none(octets, field):
    headers = Message()
    headers[field] = "chunked" if field == "Transfer-Encoding" else str(len(octets))
    with contextlib.suppress(BodyError):
        assert len(read_body(headers, io.BytesIO(octets))) <= LONGEST_BODY
