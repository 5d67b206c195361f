"""Whatever a register holds comes back from what is written of it: tables hold what they can, all others everything."""

import tempfile
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

import icalendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commitments import exchange
from commitments.exchange.table import unsaid
from commitments.ledger import register
from commitments.model.commitment import (
    Citation,
    Commitment,
    Event,
    EventKind,
    Force,
    StatedDue,
)
from commitments.model.dates import Window
from commitments.store import Store

AT = datetime(2024, 1, 1, tzinfo=UTC)
MADE, TODAY = date(2018, 7, 13), date(2024, 1, 1)
# in a table what comes of a failed formula is no text, and CSV has no way to hold what cannot be seen
SEEN = st.characters(exclude_categories=["Cs", "Cc", "Cn", "Zl", "Zp"], include_characters="\n\r\t=+-@'_x0")
PLAIN = st.text(SEEN, max_size=20).map(lambda text: text.strip().lstrip("#").strip())
DAYS = st.dates(MADE, TODAY)
WINDOWS = st.one_of(
    st.dates(date(1850, 1, 1), date(2090, 1, 1)).map(Window.on),
    st.sampled_from(["2018", "2019-Q2", "2020-02", "2021-01-05/2021-01-09"]).map(Window.parse),
)
PARTIES = st.lists(st.sampled_from(["nl/a", "nl/b", "un/unhcr"]), min_size=1, max_size=3, unique=True).map(tuple)
NAMES = st.sampled_from(["letter", "received", "tabled"])


@st.composite
def commitments(draw, identifier):
    due = draw(st.none() | st.tuples(st.none() | WINDOWS, st.sampled_from(["inclusive", "exclusive"]), PLAIN))
    return Commitment(
        id=identifier,
        kind=draw(st.sampled_from(["reply", "undertaking", "no"])),
        title=draw(PLAIN) or "title",
        by=draw(PARTIES),
        to=draw(PARTIES),
        force=draw(st.sampled_from(Force)),
        made=draw(st.none() | st.just(MADE)),
        anchors=draw(st.dictionaries(NAMES, WINDOWS)),
        stated_due=StatedDue(date=due[0], until=due[1], phrase=due[2]) if due and (due[0] or due[2]) else None,
        dossier=draw(PLAIN),
        source=Citation(document=draw(PLAIN), clause=draw(PLAIN), quote=draw(PLAIN), url=draw(PLAIN)),
    )


@st.composite
def events(draw):
    kind = draw(st.sampled_from(sorted(set(EventKind) - {EventKind.MADE, EventKind.AMENDED, EventKind.UNDONE})))
    dated = {"date": draw(WINDOWS)} if kind in {"anchored", "extended", "snoozed"} else {}
    anchor = {"anchor": draw(NAMES)} if kind is EventKind.ANCHORED else {}
    more = {"document": draw(PLAIN), "decided_by": draw(PLAIN), "note": draw(PLAIN)}
    return Event(kind=kind, occurred_on=draw(DAYS), **dated, **anchor, **more)


@st.composite
def drafts(draw):
    made = [draw(commitments(name)) for name in draw(st.sampled_from([(), ("a",), ("0189", "b-2")]))]
    return [
        register.Draft(id=one.id, commitment=one, events=tuple(draw(st.lists(events(), max_size=4))), origin=("r", 1))
        for one in made
    ]


def take(store, found):
    with store.writing() as tx:
        return register.take_in(tx, found, today=TODAY, at=AT, actor="clerk")


def held(store):
    with store.reading() as tx:
        return list(register.records(tx))


def happened(record):
    return [entry.event for entry in record.in_order]


@pytest.mark.parametrize("form", ["yaml", "json", "jsonl", "csv", "xlsx"])
@given(found=drafts())
@settings(max_examples=12, deadline=None)
def test_export_into_an_empty_register_gives_the_same_register(form, found):
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(Store.open(Path(folder) / "one.db", new=True)) as one,
        closing(Store.open(Path(folder) / "two.db", new=True)) as two,
    ):
        take(one, found)
        records = held(one)
        file = Path(folder) / f"all.{form}"
        file.write_bytes(b"".join(exchange.written(form, records)))
        read, problems = exchange.read(file)
        assert problems == ()
        take(two, read)
        again = held(two)
    assert [record.commitment for record in again] == [record.commitment for record in records]
    for before, after in zip(records, again, strict=True):
        if form in exchange.TABLES and unsaid(before):
            assert len(after.history) <= len(before.history)
        else:
            assert happened(after)[1:] == happened(before)[1:]


def test_a_calendar_goes_out_with_an_event_and_a_to_do_for_each_deadline(workspace, tmp_path):
    status, out, _ = workspace("export", "--format", "ics", "--kind", "reply", "--as-of", "2018-08-01")
    assert status == 0
    found = icalendar.Calendar.from_ical(out)
    (event,), (todo,) = found.walk("VEVENT"), found.walk("VTODO")
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (date(2018, 8, 10), date(2018, 8, 11))
    assert (todo.decoded("due"), str(todo["status"])) == (date(2018, 8, 10), "NEEDS-ACTION")
    status, out, _ = workspace("export", "--format", "ics", "--kind", "none")
    assert (status, icalendar.Calendar.from_ical(out).walk("VEVENT")) == (0, [])
