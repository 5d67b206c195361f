"""Addresses that get nothing more: written once, lifted, and never named in the ledger."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from commitments.ledger import register
from commitments.store import Store
from notifications.outbox.signing import secret
from notifications.outbox.suppression import (
    Kind,
    Suppression,
    lift,
    suppress,
    suppressed,
    suppressions,
)

NOW = datetime(2018, 8, 13, 6, 0, tzinfo=UTC)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store.open(tmp_path / "gestand.db", new=True)
    yield opened
    opened.close()


def ledger(store: Store) -> list[tuple[str, str, dict[str, str]]]:
    with store.reading() as tx:
        return [(entry.kind, entry.payload, json.loads(entry.body or "{}")) for entry in register.entries(tx)]


def test_the_secret_is_made_once_and_kept(store):
    with store.writing() as tx:
        made = secret(tx)
    with store.reading() as tx:
        assert secret(tx) == made
    assert len(made) == 32


def test_an_address_is_suppressed_once_whatever_its_case(store):
    with store.writing() as tx:
        assert suppress(tx, "A@Example.org", Kind.UNSUBSCRIBED, at=NOW, actor="link")
        assert not suppress(tx, "a@example.org", Kind.UNSUBSCRIBED, at=NOW + timedelta(days=1), actor="link")
        assert suppressed(tx, "a@EXAMPLE.org") == Suppression(
            address="a@example.org", kind=Kind.UNSUBSCRIBED, since=NOW
        )
        assert suppressed(tx, "b@example.org") is None
    [(kind, payload, texts)] = ledger(store)
    assert (kind, texts["address"]) == ("address_suppressed", "a@example.org")
    assert '"kind":"unsubscribed"' in payload
    assert "example.org" not in payload


def test_the_wish_is_told_before_the_mishap(store):
    with store.writing() as tx:
        suppress(tx, "a@example.org", Kind.BOUNCED, at=NOW, actor="bounces", detail="550 5.1.1 no such user")
        suppress(tx, "a@example.org", Kind.UNSUBSCRIBED, at=NOW, actor="link")
        assert str(suppressed(tx, "a@example.org")) == "unsubscribed since 2018-08-13"
        assert [str(known) for known in suppressions(tx)] == [
            "bounced since 2018-08-13",
            "unsubscribed since 2018-08-13",
        ]


def test_lifting_gives_back_what_was_lifted_and_a_second_time_nothing(store):
    with store.writing() as tx:
        suppress(tx, "a@example.org", Kind.BOUNCED, at=NOW, actor="bounces")
        assert [known.kind for known in lift(tx, "A@example.org", at=NOW, actor="clerk")] == [Kind.BOUNCED]
        assert lift(tx, "a@example.org", at=NOW, actor="clerk") == ()
        assert suppressed(tx, "a@example.org") is None
    assert [kind for kind, *_ in ledger(store)] == ["address_suppressed", "address_released"]
