"""Time stamps of RFC 3161: the request, and whether an answer is a stamp that can be relied on.

The only home of rfc3161_client and of cryptography, which come with `gestand[witness]` and are loaded when needed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Final

from commitments.trouble import TroubleError

if TYPE_CHECKING:
    from cryptography.x509 import Certificate
    from rfc3161_client import TimeStampResponse

_CERTIFICATES: Final = 0xA0
"""The tag of the certificates within signed data (RFC 5652, 5.1)."""


class WitnessError(TroubleError):
    """A time stamp that cannot be had, or cannot be relied on."""


class MissingWitnessError(WitnessError):
    """The package that reads time stamps is not there."""

    def __init__(self) -> None:
        super().__init__("time stamps need a package that is not installed; install it: pip install 'gestand[witness]'")


class CertificatesError(WitnessError):
    """A file of certificates that cannot be used."""

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(
            f"{path} holds no certificates that can be used ({why}); name the file with the authority's "
            "root certificate, in PEM (-----BEGIN CERTIFICATE-----)"
        )


class StampError(WitnessError):
    """An answer that is no stamp of what was asked for."""


@dataclass(frozen=True)
class Request:
    """A request as it goes to the authority (TimeStampReq in DER), and the number that its answer must repeat."""

    query: bytes
    nonce: int


def request(text: str) -> Request:
    """The request for a stamp of a text, of which only the SHA-256 is in it. Raises MissingWitnessError."""
    try:
        from rfc3161_client import HashAlgorithm, TimestampRequestBuilder  # noqa: PLC0415 (loaded where it is needed)
    except ImportError as error:
        raise MissingWitnessError from error
    made = TimestampRequestBuilder().data(text.encode()).hash_algorithm(HashAlgorithm.SHA256).build()
    return Request(made.as_bytes(), made.nonce or 0)


def imprint(answer: bytes) -> str:
    """What an answer says that it stamps, in hexadecimal digits; nothing of it is checked.

    Raises StampError, MissingWitnessError.
    """
    return _decoded(answer).tst_info.message_imprint.message.hex()


def checked(answer: bytes, text: str, certificates: Path, nonce: int | None = None) -> datetime:
    """The moment that a stamp of a text tells, when it is one: by an authority that those certificates stand for.

    Its signature, the chain of certificates as of that moment, their purpose (time stamping), the hash, and the nonce
    where one is given. Raises StampError with what does not hold, CertificatesError, MissingWitnessError.
    """
    decoded = _decoded(answer)
    roots = _certificates(certificates)
    from rfc3161_client import VerifierBuilder  # noqa: PLC0415

    if decoded.tst_info.message_imprint.message != sha256(text.encode()).digest():
        raise StampError("the time stamp is of something else")
    if nonce is not None and decoded.tst_info.nonce != nonce:
        raise StampError("the time stamp answers another request")
    try:
        VerifierBuilder(roots=roots).build().verify_message(decoded, text.encode())
    except Exception as error:  # of half a dozen kinds: what is read was sent by anybody
        why = _reason(str(error))
        raise StampError(f"the time stamp does not hold by the certificates in {certificates}: {why}") from error
    return decoded.tst_info.gen_time


def _reason(said: str) -> str:
    """What openssl says is wrong, among all that it says."""
    found = re.search(r'Verify error: ([^"]*)', said) or re.search(r'reason: "([^"]*)"', said)
    return found[1] if found else said


def _certificates(path: Path) -> list[Certificate]:
    from cryptography.x509 import load_pem_x509_certificates  # noqa: PLC0415

    try:
        return load_pem_x509_certificates(path.read_bytes())
    except Exception as error:  # of half a dozen kinds, by what is wrong with a certificate
        why = error.strerror if isinstance(error, OSError) else None
        raise CertificatesError(path, why or "it is not PEM") from error


def _decoded(answer: bytes) -> TimeStampResponse:
    try:
        from rfc3161_client import decode_timestamp_response  # noqa: PLC0415
    except ImportError as error:
        raise MissingWitnessError from error
    try:
        decoded = decode_timestamp_response(_sorted(answer))
        granted, said = decoded.status in {0, 1}, " ".join(decoded.status_string)
        if granted:
            _ = decoded.tst_info.message_imprint.message
    except (ValueError, TypeError) as error:
        raise StampError("the answer is no time stamp that can be read") from error
    if not granted:
        raise StampError(f"the authority refused: {said or f'status {decoded.status}'}")
    return decoded


# ------------------------------------------------------------------------------------------------- the order in a set


def _sorted(answer: bytes) -> bytes:
    """The answer with its certificates in the order of DER, in which rfc3161_client wants them.

    Authorities (openssl among them) send them from the signer's up, which RFC 5652 allows; no signature covers that.
    """
    try:
        start, end = 0, len(answer)
        for place in (0, 1, 1, 0):  # the answer, its token, what that holds, the signed data
            _, start, end = list(_parts(answer, start, end))[place]
        body, after = next((b, a) for at, b, a in _parts(answer, start, end) if answer[at] == _CERTIFICATES)
        certificates = sorted(answer[at:ends] for at, _, ends in _parts(answer, body, after))
    except (IndexError, StopIteration):
        return answer
    return answer[:body] + b"".join(certificates) + answer[after:]


def _parts(data: bytes, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """The parts of a constructed value in DER: where each begins, where its content does, and where it ends."""
    while start < end:
        first = data[start + 1]
        digits = first & 0x7F if first & 0x80 else 0
        body = start + 2 + digits
        start, begun = body + (int.from_bytes(data[start + 2 : body]) if digits else first), start
        yield begun, body, start
