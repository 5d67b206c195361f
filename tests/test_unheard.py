"""What a recipient was not told is found without looking through all that was ever owed: the same as looking."""

from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from sample_register import SETTINGS, drafts, take_in

from commitments import store
from commitments.ledger import register
from commitments.model.commitment import Event, EventKind
from engine.digests.untold import Owed, look, unheard
from engine.passes.run import tick
from engine.session import open_session
from engine.workspace.recipients import Recipient

NOW = datetime(2020, 6, 1, 9, tzinfo=UTC)
READERS = (
    {"name": "All", "address": "all@example.org", "roles": ["clerk", "chair"], "cadence": "daily 07:30"},
    {"name": "Few", "address": "few@example.org", "scope": {"to": "nl/tweede-kamer"}, "cadence": "Mondays 09:00"},
    {"name": "One", "address": "one@example.org", "scope": {"dossier": "30001"}, "cadence": "daily 12:00"},
)


def opened(tmp_path, readers):
    lines = "".join(f"  - {reader}\n" for reader in readers)
    (tmp_path / "gestand.yaml").write_text(f"{SETTINGS}recipients:\n{lines}")
    return open_session(tmp_path, new=True)


def looked_for(tx, recipient):
    """The same by looking at every notice."""
    table, told = store.notice, store.told
    heard = set(tx.execute(told.select().where(told.c.recipient == recipient.address)).scalars(1))
    mine = table.select().where(table.c.state == "owed", table.c.audience.in_(recipient.roles))
    rows = [row for row in tx.execute(mine) if row.key not in heard]
    return {row.key for row in rows if recipient.scope.covers(register.record(tx, row.commitment).commitment)}


def found(tx, recipient):
    return {row.key for row in unheard(tx, recipient)}


def pass_on(session, now):
    return tick(session.store, session.workspace, session.assessor, session.deliverer, now=now)


@pytest.mark.parametrize("seed", range(3))
def test_what_is_found_is_what_looking_at_all_finds(tmp_path, seed):
    random, readers = Random(seed), list(READERS)
    for number in range(25):
        now = NOW + timedelta(number * 3)
        if random.random() < 0.3:
            changed = random.randrange(3)
            readers[changed] = {**readers[changed], "scope": random.choice([{}, {"kind": "reply"}, {"to": "nl"}])}
        with opened(tmp_path, readers) as session:
            take_in(session, drafts(number * 4, seed=seed), now)
            _amend_some(session, random, now)
            pass_on(session, now)
            with session.store.reading() as tx:
                for recipient in session.workspace.settings.recipients:
                    assert found(tx, recipient) == looked_for(tx, recipient)


def _amend_some(session, random, now):
    """Others come into a scope, and go out of it."""
    with session.store.writing() as tx:
        for one in register.records(tx):
            if random.random() < 0.05:
                moved = one.commitment.model_copy(update={"dossier": random.choice(["30001", "30002"])})
                event = Event(kind=EventKind.AMENDED, occurred_on=now.date(), commitment=moved)
                register.append(tx, [(one.commitment.id, event)], at=now, actor="clerk")


def test_what_was_held_back_is_found_at_the_next_slot(tmp_path):
    with opened(tmp_path, READERS[:1]) as session:
        take_in(session, drafts(40), NOW)
        pass_on(session, NOW)
        (recipient,) = session.workspace.settings.recipients
        with session.store.writing() as tx:
            assert found(tx, recipient) == set()
            held = tx.execute(store.told.select().limit(1)).first()
            tx.execute(store.told.delete().where(store.told.c.notice == held.notice))
            tx.execute(store.digest.update().values(looked=0))
            owed = Owed()
            left = [row.number for row in unheard(tx, recipient, owed)]
            look(tx, recipient, held.digest, left, owed)
        pass_on(session, NOW + timedelta(hours=1))
        with session.store.reading() as tx:
            assert found(tx, recipient) == {held.notice}


def test_who_gets_another_role_hears_what_was_owed_to_it_before(tmp_path):
    lesser = {**READERS[0], "roles": ["clerk"]}
    with opened(tmp_path, [lesser]) as session:
        take_in(session, drafts(40), NOW)
        pass_on(session, NOW)
    with opened(tmp_path, READERS[:1]) as session, session.store.reading() as tx:
        (recipient,) = session.workspace.settings.recipients
        assert isinstance(recipient, Recipient)
        assert found(tx, recipient) == looked_for(tx, recipient) != set()


def test_a_store_without_numbers_looks_at_all_once(tmp_path):
    with opened(tmp_path, READERS) as session:
        take_in(session, drafts(40), NOW)
        pass_on(session, NOW)
        with session.store.writing() as tx:
            tx.exec_driver_sql("DROP INDEX notice_owed")
            tx.exec_driver_sql("DROP INDEX ix_notice_number")
            tx.exec_driver_sql("ALTER TABLE notice DROP COLUMN number")
            tx.exec_driver_sql("ALTER TABLE digest DROP COLUMN looked")
            number = next(n for n, step in enumerate(store.MIGRATIONS) if step.__name__ == "_number_notices")
            store.remember(tx, "layout", str(number))
    with opened(tmp_path, READERS) as session:
        take_in(session, drafts(60), NOW)
        pass_on(session, NOW + timedelta(days=7))
        with session.store.reading() as tx:
            assert [found(tx, one) for one in session.workspace.settings.recipients] == [set()] * 3
