"""A time stamping authority of our own for the tests: certificates by openssl, answers by `openssl ts` over http."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

_SETTINGS = """
[tsa]
default_tsa = one
[one]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
certs = {folder}/ca.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
ess_cert_id_alg = sha256
"""


@dataclass
class Authority:
    """A folder with the certificates, and how it answers over http where it is served."""

    folder: Path
    address: str = ""
    answers: list[bytes] = field(default_factory=list)
    """What it answers instead of a stamp, one after another."""
    asked: list[bytes] = field(default_factory=list)

    @property
    def certificates(self) -> Path:
        return self.folder / "ca.pem"

    def stamp(self, query: bytes) -> bytes:
        """The answer to a request."""
        (self.folder / "query.tsq").write_bytes(query)
        made = ["openssl", "ts", "-reply", "-config", self.folder / "tsa.cnf", "-queryfile", self.folder / "query.tsq"]
        return subprocess.run(made, check=True, capture_output=True).stdout


def make_authority(folder: Path, usage: str = "critical,timeStamping") -> Authority:
    """An authority whose certificates are new, and valid for twenty years around."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tsa.cnf").write_text(_SETTINGS.format(folder=folder))
    (folder / "serial").write_text("01\n")
    root = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "7300", "-subj", "/CN=Root of the tests"]
    _openssl(*root, "-keyout", folder / "ca.key", "-out", folder / "ca.pem")
    asked = ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=Stamps of the tests"]
    _openssl(*asked, "-keyout", folder / "tsa.key", "-out", folder / "tsa.csr")
    (folder / "tsa.ext").write_text(f"keyUsage=critical,digitalSignature\nextendedKeyUsage={usage}\n")
    signed = [
        "x509",
        "-req",
        "-days",
        "7300",
        "-CA",
        folder / "ca.pem",
        "-CAkey",
        folder / "ca.key",
        "-set_serial",
        "7",
    ]
    _openssl(*signed, "-in", folder / "tsa.csr", "-extfile", folder / "tsa.ext", "-out", folder / "tsa.pem")
    return Authority(folder)


def _openssl(*words: object) -> None:
    subprocess.run(["openssl", *map(str, words)], check=True, capture_output=True)


@contextmanager
def serving(authority: Authority) -> Iterator[Authority]:
    """The authority, asked over http at its address meanwhile."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            authority.asked.append(query)
            answer = authority.answers.pop(0) if authority.answers else _reply(authority.stamp(query))
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        authority.address = f"http://127.0.0.1:{server.server_port}/"
        try:
            yield authority
        finally:
            server.shutdown()


def _reply(body: bytes) -> bytes:
    head = f"HTTP/1.0 200 OK\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body
