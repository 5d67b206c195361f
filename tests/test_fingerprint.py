"""The sum over the projection: it follows what the program writes, and differs by what anybody else does."""

from contextlib import closing
from datetime import UTC, date, datetime

import pytest

from commitments import store
from commitments.ledger import register
from commitments.model.commitment import Commitment, Event
from commitments.store import Store

AT = datetime(2018, 8, 13, 9, tzinfo=UTC)


def made(identifier):
    commitment = Commitment(id=identifier, kind="reply", title="Über die Straße", by="a", to="b")
    return identifier, Event(kind="made", occurred_on=date(2018, 7, 13), commitment=commitment)


@pytest.fixture
def filled(place):
    with closing(Store.open(place, new=True)) as opened:
        with opened.writing() as tx:
            register.append(tx, [made(f"C-{number}") for number in range(3)], at=AT, actor="clerk")
        with opened.writing() as tx:
            register.append(tx, [made("C-3")], at=AT, actor="clerk")
        yield opened


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE commitment SET status = 'fulfilled', settled_on = '2018-08-01' WHERE id = 'C-1'",
        "UPDATE commitment SET partly = TRUE WHERE id = 'C-1'",
        "UPDATE commitment SET title = 'Another' WHERE id = 'C-1'",
        "DELETE FROM commitment WHERE id = 'C-1'",
    ],
)
def test_a_row_that_another_hand_wrote_makes_a_difference_that_stays(filled, statement):
    with filled.writing() as tx:
        assert store.is_ours(tx)
        tx.exec_driver_sql(statement)
        assert not store.is_ours(tx)
        register.append(tx, [made("C-1") if "DELETE" in statement else made("C-9")], at=AT, actor="clerk")
        assert not store.is_ours(tx)
        register.rebuild(tx)
        assert store.is_ours(tx)


def test_the_sum_is_the_same_in_every_database(filled, tmp_path):
    store.back_up(filled, tmp_path / "copy.db")
    with closing(Store.open(tmp_path / "copy.db")) as copy, copy.reading() as tx:
        assert store.is_ours(tx)


def test_a_register_of_before_has_none_and_gets_one_by_what_is_written_next(filled):
    with filled.writing() as tx:
        store.forget(tx, "projection")
        assert store.is_ours(tx)
        register.append(tx, [made("C-9")], at=AT, actor="clerk")
        assert store.recall(tx, "projection")
        assert store.is_ours(tx)
