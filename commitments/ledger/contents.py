"""Whether what an entry of the ledger says can be read: its payload and its texts, by the kind of the entry.

A chain can be whole and say nonsense: whoever can write to the database can seal what they like.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from pydantic import ValidationError

from commitments.ledger.chain import ERASURE, Line, as_written
from commitments.ledger.texts import joined
from commitments.model.commitment import Event, EventKind

_EVENTS: Final = frozenset(EventKind)
_LONGEST: Final = 120


class Damage(NamedTuple):
    """An entry of the ledger that is damaged: its number, the commitment it is about, and what is wrong with it.

    `readable` says whether it can be read nevertheless, as what it was not meant to say.
    """

    seq: int
    commitment: str | None
    reason: str
    readable: bool = False

    def __str__(self) -> str:
        return f"entry #{self.seq} {self.reason}"


def damage(line: Line) -> Damage | None:
    """What is wrong with an entry taken by itself, apart from its place in the chain; None where nothing is."""
    reason = unreadable(line)
    if not as_written(line):
        changed = "was changed after it was written"
        return Damage(line[0], line[4], f"{changed} and {reason}" if reason else changed, not reason)
    return Damage(line[0], line[4], reason) if reason else None


def damaged(entries: Iterable[Line]) -> Iterator[Damage]:
    """Those of the entries that are damaged."""
    return (found for line in entries if (found := damage(line)) is not None)


def unreadable(line: Line) -> str:
    """Why an entry cannot be read, as the end of a sentence that begins with it; empty where it can."""
    seq, at, _, kind, commitment, payload, _, _, body = line
    try:
        datetime.fromisoformat(at)
        content = joined(payload, body)
        if kind in _EVENTS:
            _as_event(content, kind, commitment)
        else:
            _as_note(content, kind)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        return _told(".".join(map(str, first["loc"])), first["msg"])
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError) as error:
        return _told("", str(error) or f"entry #{seq} has another form than its kind")
    return ""


def _told(place: str, message: str) -> str:
    text = " ".join(f"{place}: {message}".split()) if place else " ".join(message.split())
    return f"cannot be read ({text[:_LONGEST]})"


def _as_event(content: dict[str, Any], kind: str, commitment: str | None) -> None:
    event = Event.model_validate(content)
    if event.kind != kind:
        raise ValueError(f"it says {event.kind}, but stands as {kind}")
    if event.commitment is not None and event.commitment.id != commitment:
        raise ValueError(f"it tells of {event.commitment.id}, but stands as one of {commitment}")


def _as_note(content: dict[str, Any], kind: str) -> None:
    for name, fits in _HOLDING.get(kind, {}).items():
        if not fits(content.get(name)):
            raise ValueError(f"{name} is missing, or not what it must be")


def _numbers(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, int) for one in value)


def _words(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(one, str) for one in value)


def _word(value: object) -> bool:
    return isinstance(value, str)


def _number(value: object) -> bool:
    return isinstance(value, int)


def _values(value: object) -> bool:
    return isinstance(value, dict)


_HOLDING: Final[Mapping[str, Mapping[str, Callable[[object], bool]]]] = {
    ERASURE: {"entries": _numbers},
    "silenced": {"silence": _number},
    "silence_ended": {"silence": _number},
    "pack_loaded": {"packs": _values},
    "digest_queued": {"message_id": _word, "slot": _word, "notices": _words},
    "digest_revised": {"message_id": _word, "dropped": _words},
}
"""What the entries that the program writes must hold, by their kinds; of other kinds no more than a JSON object."""
