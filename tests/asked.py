"""What a test asks a register for, because it depends on the day or on what else is in it."""

from contextlib import closing
from pathlib import Path

import sqlalchemy as sa

from commitments import store
from commitments.ledger import register
from commitments.store import Store


def last_entry(folder: Path, kind: str, commitment: str | None = None) -> int:
    """The number of the last ledger entry of a kind; of this commitment, where one is named."""
    with closing(Store.open(folder / "gestand.db")) as opened, opened.reading() as tx:
        return max(
            entry.seq for entry in register.entries(tx) if entry.kind == kind and commitment in {None, entry.commitment}
        )


def commitments(folder: Path) -> int:
    """How many commitments are in the register: those of a cycle become more as the years go."""
    with closing(Store.open(folder / "gestand.db")) as opened, opened.reading() as tx:
        return tx.execute(sa.select(sa.func.count()).select_from(store.commitment)).scalar_one()
