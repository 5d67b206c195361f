"""What the projection says of itself in numbers is what a look at each commitment says."""

from collections import Counter, defaultdict
from contextlib import nullcontext
from datetime import date, timedelta

import pytest
from examples import examples
from hypothesis import given, settings
from hypothesis import strategies as st
from postgres import new_database

from commitments import audit, store
from commitments.audit.figures import Place, age, meant, timing
from commitments.audit.projected import Projected
from commitments.ledger.chain import canonical
from commitments.listing import Line, Wanted
from commitments.model.commitment import Force, Status
from commitments.store import Store

DAY = date(2026, 11, 26)
KNOWN = st.integers(-900, 900).map(lambda days: DAY + timedelta(days))
DAYS = st.none() | KNOWN
PARTIES = st.lists(
    st.sampled_from(["nl/jenv", "nl/bzk", "nl/ek", "nl/ek/biza", "Ü'\"\\x"]), min_size=1, max_size=3, unique=True
)
SETTLED = {status for status in Status if status.settled}


@st.composite
def lines(draw):
    """A line of any status, with no more between its columns than there always is."""
    status = draw(st.sampled_from(Status))
    late = status in {Status.FULFILLED_LATE, Status.OVERDUE}
    due = DAY - timedelta(draw(st.integers(1, 800))) if late else draw(DAYS)
    settled = due + timedelta(draw(st.integers(1, 90))) if late else draw(KNOWN)
    return Line(
        id="",
        kind=draw(st.sampled_from(["reply", "report"])),
        title=draw(st.sampled_from(["on É", "on ss"])),
        by=tuple(draw(PARTIES)),
        to=tuple(draw(PARTIES)),
        force=draw(st.sampled_from(Force)),
        dossier=draw(st.sampled_from(["", "34 964", "34965"])),
        made=None,
        status=status,
        partly=draw(st.booleans()),
        rule="",
        original_earliest=None,
        original_latest=draw(DAYS),
        current_earliest=due,
        current_latest=due,
        settled_on=settled if status in SETTLED else None,
    )


REGISTERS = st.lists(lines(), max_size=30).map(
    lambda rows: [row._replace(id=f"c{number:02}") for number, row in enumerate(rows)]
)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def opened(request, tmp_path_factory):
    if request.param == "sqlite":
        place = nullcontext(tmp_path_factory.mktemp("counts") / "gestand.db")
    else:
        place = new_database(request.getfixturevalue("postgres"))
    with place as where:
        opened = Store.open(where, new=True)
        yield opened
        opened.close()


def put(tx, rows):
    """These rows, and nothing besides, in the projection."""
    tx.execute(store.commitment.delete())
    told = [
        row._asdict()
        | {"by": canonical(row.by), "to": canonical(row.to), "parent": None, "cycle": "", "changed": False}
        | {
            "days_late_current": (row.settled_on - row.current_latest).days
            if row.settled_on and row.current_latest
            else None
        }
        for row in rows
    ]
    store.put(tx, store.commitment, told)


def placed(row):
    """The place of a row and how many days it is late, where it is."""
    late = row.status in {Status.FULFILLED_LATE, Status.OVERDUE}
    days = ((row.settled_on or DAY) - row.current_latest).days if late else 0
    return Place(row.status, row.partly, timing(row, DAY), age(days) if row.status is Status.OVERDUE else 0), days


def counted(rows):
    """Every figure, counted row by row: the whole, and each group."""
    found = defaultdict(Counter)
    for row in rows:
        due = row.current_latest
        for group in (
            ("whole", ""),
            *(("by", party) for party in row.by),
            *{("to", "/".join(party.split("/")[:2])) for party in row.to},
            *(("committee", party) for party in row.to if party.count("/") == 2),
            ("kind", row.kind),
            ("dossier", row.dossier or "no dossier"),
            ("quarter", f"{due.year}-Q{(due.month + 2) // 3}" if due else "no date"),
        ):
            found[group][placed(row)] += 1
    return found


def pressing(rows, status, most):
    """The most pressing rows of a status."""
    of_status = [row for row in rows if row.status is status]
    order = sorted(of_status, key=lambda row: (-placed(row)[1], row.current_latest or date.max, row.id))
    return tuple(order[:most])


@settings(max_examples=examples(40), deadline=None)
@given(rows=REGISTERS, most=st.integers(1, 5))
def test_an_account_of_the_projection_counts_every_row_once(opened, rows, most):
    with opened.writing() as tx:
        put(tx, rows)
        made = audit.drawn_up(Projected(tx, DAY, Wanted()), as_of=DAY, head="", per="quarter", most=most)
        tx.rollback()
    found = {("whole", ""): made.whole}
    found |= {(grouping.name, name): tally for grouping, some in made.groups.items() for name, tally in some.items()}
    assert {
        group: {meant(mark): count for mark, count in tally.marks.items()}
        for group, tally in found.items()
        if tally.marks
    } == counted(rows)
    assert made.rows == {status: pressing(rows, status, most) for status in {row.status for row in rows}}
    assert made == audit.account(rows, as_of=DAY, head="", per="quarter", most=most)
    for place, ids in made.whole.first.items():
        assert ids == tuple(row.id for row in rows if placed(row)[0] == place)


@settings(max_examples=examples(20), deadline=None)
@given(rows=REGISTERS, text=st.sampled_from(["é", "SS", "c0", "34 9"]))
def test_an_account_of_some_words_counts_what_has_them(opened, rows, text):
    fitting = [row for row in rows if text.casefold() in f"{row.id} {row.title} {row.dossier}".casefold()]
    with opened.writing() as tx:
        put(tx, rows)
        made = audit.drawn_up(Projected(tx, DAY, Wanted(text=text)), as_of=DAY, head="")
        tx.rollback()
    assert made == audit.account(fitting, as_of=DAY, head="")
