"""A time stamping authority of our own for the tests, at any moment: answers by `openssl ts`, over http too."""

import re
import subprocess
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from engine.workspace import clock

TIME_STAMPING = x509.ExtendedKeyUsageOID.TIME_STAMPING
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
    """An authority in a folder. `answers` are given over http instead of stamps, one after another."""

    folder: Path
    root_key: rsa.RSAPrivateKey
    key: rsa.RSAPrivateKey
    now: Callable[[], datetime]
    address: str = ""
    answers: list[bytes] = field(default_factory=list)
    asked: list[bytes] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)

    @property
    def certificates(self) -> str:
        return str(self.folder / "ca.pem")

    def certificate(self, purpose: x509.ObjectIdentifier) -> x509.Certificate:
        """The certificate of the one who signs stamps, for this purpose."""
        builder = _builder(_name("Stamps of the tests"), _ROOT, self.key)
        return builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=True).sign(self.root_key, SHA256())

    def stamp(self, query: bytes) -> bytes:
        """The answer to a request, of the moment that is now by this authority's own clock."""
        (self.folder / "query.tsq").write_bytes(query)
        made = ["openssl", "ts", "-reply", "-config", self.folder / "tsa.cnf", "-queryfile", self.folder / "query.tsq"]
        answer = subprocess.run(made, check=True, capture_output=True).stdout
        return self._at(answer, self.now().astimezone(UTC))

    def _at(self, answer: bytes, moment: datetime) -> bytes:
        """The same answer of another moment: openssl knows only the clock of this computer. No length changes."""
        info = re.search(rb"\x04(.)(\x30.\x02\x01\x01\x06.*)", answer, re.DOTALL)
        assert info
        old = info[2][: info[1][0]]
        text = f"{moment:%Y%m%d%H%M%S}Z".encode()
        new = re.sub(rb"\x18\x0f\d{14}Z", b"\x18\x0f" + text, old)
        answer = answer.replace(old, new).replace(sha256(old).digest(), sha256(new).digest())
        answer = re.sub(rb"\x17\x0d\d{12}Z(?=0[/\x00-\x7f]\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04)",
                        b"\x17\x0d" + text[2:], answer)  # fmt: skip
        signed = re.search(rb"\xa0\x81.(0\x1a\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03.*)", answer, re.DOTALL)
        assert signed
        attributes = signed[1][: signed[0][2]]
        seal = self.key.sign(b"\x31\x81" + bytes([len(attributes)]) + attributes, padding.PKCS1v15(), SHA256())
        return answer[:-256] + seal


def make_authority(folder: Path, now: Callable[[], datetime] | None = None) -> Authority:
    """An authority with certificates of its own, valid from 2000 to 2099; its clock is ours where none is given."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tsa.cnf").write_text(_SETTINGS.format(folder=folder))
    (folder / "serial").write_text("01\n")
    root_key, key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
    basic = x509.BasicConstraints(ca=True, path_length=None)
    root = _builder(_ROOT, _ROOT, root_key).add_extension(basic, critical=True).sign(root_key, SHA256())
    made = Authority(folder, root_key, key, now or _ours)
    (folder / "ca.pem").write_bytes(root.public_bytes(Encoding.PEM))
    (folder / "tsa.pem").write_bytes(made.certificate(TIME_STAMPING).public_bytes(Encoding.PEM))
    (folder / "tsa.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return made


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


_ROOT = _name("Root of the tests")


def _builder(subject: x509.Name, issuer: x509.Name, key: rsa.RSAPrivateKey) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(key.public_key())
    builder = builder.serial_number(7 if subject == issuer else 8)
    return builder.not_valid_before(datetime(2000, 1, 1)).not_valid_after(datetime(2099, 1, 1))  # noqa: DTZ001


def _ours() -> datetime:
    return clock.now()


@contextmanager
def serving(authority: Authority) -> Iterator[Authority]:
    """The authority, asked over http at its address meanwhile."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = self.rfile.read(int(self.headers["Content-Length"]))
            authority.asked.append(query)
            authority.paths.append(self.path)
            self.wfile.write(authority.answers.pop(0) if authority.answers else reply(authority.stamp(query)))

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        authority.address = f"http://127.0.0.1:{server.server_port}/"
        try:
            yield authority
        finally:
            server.shutdown()


def reply(body: bytes) -> bytes:
    """A body as it comes over http."""
    head = f"HTTP/1.0 200 OK\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def answer_of(payload: dict[str, str]) -> bytes:
    """The authority's answer in the payload of an entry."""
    return b64decode(payload["stamp"])
