"""A commitment and its events as people write them in register files, whatever the format: read, and written out."""

from __future__ import annotations

import re
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticKnownError

from commitments.ledger.intake import Draft, Origin
from commitments.model.commitment import (
    Commitment,
    Day,
    Event,
    EventKind,
    Frozen,
    Identifier,
    Parties,
    StatedDue,
    Text,
)
from commitments.model.dates import Window, real
from commitments.model.record import Record
from commitments.reading.fit import check, fitted
from commitments.reading.problem import (
    Document,
    Fault,
    Misfit,
    Path,
    Problem,
)

LIMIT = 20_000_000
"""The largest register file, in bytes."""

_KINDS = tuple(kind for kind in EventKind if kind not in {EventKind.MADE, EventKind.AMENDED, EventKind.UNDONE})
_DETAILS = {
    EventKind.ANCHORED: ("anchor", "date"),
    EventKind.EXTENDED: ("to",),
    EventKind.SNOOZED: ("to",),
    EventKind.NOTE: ("text",),
}
_ALL_DETAILS = frozenset(name for names in _DETAILS.values() for name in names)
_KIND_NAMES = frozenset(kind.value for kind in _KINDS)
_MAY_BE_EMPTY = frozenset({EventKind.SNOOZED, EventKind.NOTE})
"""Events that say no more than their day, where the file says so: `text: ""`, `to: null`."""


_NUMBER = re.compile(r"[-+]?[0-9.]+")


def _no_number(value: object) -> object:
    """The value, where it is no number: pydantic takes those for seconds since 1970, and 0 for its first day."""
    if isinstance(value, int | float) or (isinstance(value, str) and _NUMBER.fullmatch(value.strip())):
        raise PydanticKnownError("date_type")
    return value


def _real_day(day: Day) -> Day:
    real(Window.on(day))
    return day


WrittenDay = Annotated[Day, BeforeValidator(_no_number), AfterValidator(_real_day)]
"""A day as files have it."""
WrittenWindow = Annotated[Window, AfterValidator(real)]
"""A date, known or half known, as files have it."""


class WrittenEvent(Frozen):
    """What happened is the key, the day on which it happened the value: `fulfilled: 2018-08-30`.

    `to` is the new deadline (extended) or the last day (snoozed), `anchor` and `date` are what got a date (anchored).
    A `note` with a day is an event of its own that says `text`; with a text it says more of another event.
    """

    anchored: WrittenDay | None = None
    extended: WrittenDay | None = None
    delay_notice: WrittenDay | None = None
    suspended: WrittenDay | None = None
    resumed: WrittenDay | None = None
    partly_fulfilled: WrittenDay | None = None
    fulfilled: WrittenDay | None = None
    withdrawn: WrittenDay | None = None
    lapsed: WrittenDay | None = None
    reopened: WrittenDay | None = None
    acknowledged: WrittenDay | None = None
    snoozed: WrittenDay | None = None
    note: WrittenDay | Text | None = None
    text: Text = ""
    to: WrittenWindow | None = None
    anchor: str = ""
    date: WrittenWindow | None = None
    document: Text = ""
    decided_by: Text = ""

    @field_validator("note", mode="before")
    @classmethod
    def _day_in_quotes(cls, value: object, info: ValidationInfo) -> object:
        # JSON has days only in quotes; of two types that fit, pydantic would take the text
        is_day = (
            isinstance(value, str) and re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", value) and not any(info.data.values())
        )
        return Day.fromisoformat(str(value)) if is_day else value

    @model_validator(mode="after")
    def _complete(self) -> Self:
        happened = self._happened
        if len(happened) != 1:
            raise Misfit(_unclear(happened))
        if faults := self._faults(EventKind(happened[0])):
            raise Misfit(*faults)
        return self

    @property
    def _happened(self) -> list[str]:
        return [name for name in self.model_fields_set if name in _KIND_NAMES and isinstance(getattr(self, name), Day)]

    def _faults(self, kind: EventKind) -> list[Fault]:
        needed, given = _DETAILS.get(kind, ()), self._given
        said = self.model_fields_set if kind in _MAY_BE_EMPTY else given
        missing = [Fault((), f"{kind} needs {name}", f"add {name}: …") for name in needed if name not in said]
        foreign = given & _ALL_DETAILS - set(needed)
        return missing + [Fault((name,), f"{name} does not belong to {kind}", at_key=True) for name in sorted(foreign)]

    @property
    def _given(self) -> set[str]:
        return {name for name in self.model_fields_set if getattr(self, name)}

    @property
    def event(self) -> Event:
        """The event that this tells of."""
        kind = EventKind(self._happened[0])
        return Event(
            kind=kind,
            occurred_on=getattr(self, kind),
            date=self.to or self.date,
            anchor=self.anchor,
            document=self.document,
            decided_by=self.decided_by,
            note=self.note if isinstance(self.note, str) else self.text,
        )


def _unclear(happened: list[str]) -> Fault:
    if happened:
        told = " and ".join(kind for kind in _KINDS if kind in happened)
        return Fault((), f"this tells of {told}", "write each as an event of its own")
    return Fault((), "this does not say what happened", f"write one of {', '.join(_KINDS)}, and its day")


class LooseEvent(WrittenEvent):
    """An event of a commitment that stands elsewhere, named by its id."""

    commitment: Identifier


class WrittenCommitment(Commitment):
    """A commitment with the events that befell it."""

    made: WrittenDay | None = None
    anchors: dict[str, WrittenWindow] = Field(default_factory=dict)
    events: tuple[WrittenEvent, ...] = ()

    @field_validator("by", "to")
    @classmethod
    def _each_once(cls, parties: Parties) -> Parties:
        return tuple(dict.fromkeys(parties))

    @field_validator("stated_due")
    @classmethod
    def _real(cls, stated: StatedDue | None) -> StatedDue | None:
        if stated and stated.date:
            real(stated.date)
        return stated

    @field_validator("parent")
    @classmethod
    def _of_another(cls, parent: str | None, info: ValidationInfo) -> str | None:
        # it would mute itself for ever, where a pack lets parents mute
        if parent and parent == info.data.get("id"):
            raise ValueError(f"{parent} cannot be a part of itself; write the id of the whole, or leave parent out")
        return parent

    @property
    def plain(self) -> Commitment:
        """The commitment by itself."""
        return Commitment.model_construct(**{name: getattr(self, name) for name in Commitment.model_fields})


def fitted_draft(value: object, origin: Origin) -> tuple[Draft | None, list[Fault]]:
    """The draft of a commitment that stands whole in one place, or what is wrong with it."""
    written, faults = fitted(WrittenCommitment, value)
    return _draft(written, origin, ()) if written else None, faults


def commitment_draft(document: Document, at: Path) -> tuple[Draft | None, tuple[Problem, ...]]:
    """The draft of the commitment that stands at a place in a document."""
    written, problems = check(WrittenCommitment, document, at)
    if written is None:
        return None, problems
    places = tuple((document.file, document.position((*at, "events", i))[0]) for i in range(len(written.events)))
    return _draft(written, (document.file, document.position(at)[0]), places), problems


def _draft(written: WrittenCommitment, origin: Origin, places: tuple[Origin, ...]) -> Draft:
    events = tuple(one.event for one in written.events)
    return Draft(id=written.id, commitment=written.plain, events=events, origin=origin, places=places)


def fitted_event(value: object, origin: Origin) -> tuple[Draft | None, list[Fault]]:
    """The draft of an event that stands by itself in one place, or what is wrong with it."""
    loose, faults = fitted(LooseEvent, value)
    return _loose_draft(loose, origin) if loose else None, faults


def event_draft(document: Document, at: Path) -> tuple[Draft | None, tuple[Problem, ...]]:
    """The draft of an event that stands by itself in a document."""
    loose, problems = check(LooseEvent, document, at)
    if loose is None:
        return None, problems
    return _loose_draft(loose, (document.file, document.position(at)[0])), problems


def _loose_draft(loose: LooseEvent, origin: Origin) -> Draft:
    return Draft(id=loose.commitment, commitment=None, events=(loose.event,), origin=origin)


def written(record: Record) -> dict[str, Any]:
    """A record as register files have it, of plain values: reading it back gives the same commitment and events."""
    commitment = record.commitment.model_dump(mode="json", exclude_defaults=True)
    events = [written_event(entry.event) for entry in record.valid if entry.event.kind in _KINDS]
    return commitment | ({"events": events} if events else {})


def written_event(event: Event) -> dict[str, str | None]:
    """An event as register files have it."""
    kind = event.kind
    values = {
        kind.value: event.occurred_on.isoformat(),
        "anchor": event.anchor,
        "date" if kind is EventKind.ANCHORED else "to": str(event.date) if event.date else None,
        "document": event.document,
        "decided_by": event.decided_by,
        "text" if kind is EventKind.NOTE else "note": event.note,
    }
    needed = _DETAILS.get(kind, ())
    foreign = _ALL_DETAILS - set(needed)
    return {name: value for name, value in values.items() if name in needed or (value and name not in foreign)}
