"""A mailbox as people write it: an address by itself, or a name and an address in angle brackets (RFC 5322, 3.4)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.header import Header
from email.headerregistry import Address
from typing import Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from notifications.content.phrases import clean
from notifications.outbox.outbox import valid

_NAMED = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>\s]+)>")
_QUOTED = re.compile(r'"(?P<inside>(?:[^"\\]|\\.)*)"')
_LONGEST_NAME = 100
_LINE = 78


class NotAMailboxError(ValueError):
    """A text that no mailbox can be read from."""

    def __init__(self, text: object, reason: str) -> None:
        super().__init__(
            f"{text!r} is not a mailbox: {reason}; write an address such as griffie@example.org, or a name and an "
            "address: The clerk's office <griffie@example.org>"
        )


@dataclass(frozen=True, slots=True)
class Mailbox:
    """A mail address, and the name that is shown for it; empty where it has none."""

    address: str
    name: str = ""

    @classmethod
    def parse(cls, value: object) -> Mailbox:
        """The mailbox that a text means.

        Raises NotAMailboxError where none can be read from it.
        """
        if isinstance(value, Mailbox):
            return value
        if not isinstance(value, str):
            raise NotAMailboxError(value, "it is no text")
        named = _NAMED.fullmatch(value.strip())
        address = named["address"] if named else value
        if not valid(address):
            raise NotAMailboxError(value, f"{address!r} is not a mail address" if named else "it has no mail address")
        return cls(address, _name(value, named["name"].strip()) if named else "")

    @property
    def domain(self) -> str:
        """The part of the address behind the @."""
        return self.address.partition("@")[2]

    def header(self, field: str, otherwise: str = "") -> bytes:
        """The mailbox as a header such as From; one without a name is called `otherwise`.

        A name outside ASCII is encoded (RFC 2047), any other quoted where it must be; a name is never broken between
        its quotes, for Python's folding loses those of a long one, and its commas then part addresses.
        """
        name = _half_characters_replaced(clean(self.name)) or otherwise
        if not name.isascii():
            name = Header(name, "utf-8", header_name=field, maxlinelen=75).encode(linesep="\r\n")
        elif name:
            name = str(Address(display_name=name)).rpartition(" <")[0]
        last = f"{field}: {name}".rpartition("\n")[2]
        gap = "\r\n " if len(f"{last} <{self.address}>") > _LINE else " "
        return f"{field}: {name}{gap}<{self.address}>\r\n".encode("ascii") if name else self._bare(field)

    def _bare(self, field: str) -> bytes:
        return f"{field}: {self.address}\r\n".encode("ascii")

    def __str__(self) -> str:
        """The words that parse to the same mailbox."""
        if not self.name:
            return self.address
        escaped = self.name.replace("\\", r"\\").replace('"', r"\"")
        return f'"{escaped}" <{self.address}>'

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - pydantic's protocol
        return core_schema.no_info_plain_validator_function(
            cls.parse, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )

    @classmethod
    def __get_pydantic_json_schema__(cls, _schema: CoreSchema, _handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "description": "an address, or a name and an address: Gestand <gestand@example.org>"}


def _name(written: str, name: str) -> str:
    """The name without the quotes that it may stand in. Raises NotAMailboxError where it cannot be shown as it is."""
    quoted = _QUOTED.fullmatch(name)
    plain = re.sub(r"\\(.)", r"\1", quoted["inside"]) if quoted else name
    if '"' in plain and not quoted:
        raise NotAMailboxError(written, "the name has a quote in it that does not stand around the whole of it")
    if clean(plain, len(plain) + 1) != plain or _half_characters_replaced(plain) != plain:
        raise NotAMailboxError(written, "the name has characters that cannot be shown, or blanks at its ends or twice")
    if len(plain) > _LONGEST_NAME:
        raise NotAMailboxError(written, f"the name has more than {_LONGEST_NAME} characters")
    return plain


def _half_characters_replaced(text: str) -> str:
    return text.encode("utf-8", "replace").decode()
