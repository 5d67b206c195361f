"""Write the dump of a store of the present layout, with two entries, for tests/test_migrations.py to bring up later.

PYTHONPATH=. python tests/layouts/make.py, after a step was added to commitments/store/migrations.py.
"""

import sqlite3
import tempfile
from contextlib import closing
from datetime import UTC, date, datetime
from pathlib import Path

from commitments import store
from commitments.ledger import register
from commitments.model.commitment import Commitment, Event, EventKind
from commitments.store import Store

AT = datetime(2018, 7, 13, 9, 30, tzinfo=UTC)
REPLY = Commitment(
    id="34964-B", kind="reply", title="Reply", by="nl/regering", to="nl/eerste-kamer", made=date(2018, 7, 13)
)
EVENTS = (
    Event(kind=EventKind.MADE, occurred_on=date(2018, 7, 13), commitment=REPLY),
    Event(kind=EventKind.FULFILLED, occurred_on=date(2018, 8, 30), document="letter"),
)


def main():
    file = Path(__file__).with_name(f"{len(store.MIGRATIONS):02}.sql")
    with tempfile.TemporaryDirectory() as folder:
        with closing(Store.open(Path(folder) / "new.db", new=True)) as opened, opened.writing() as tx:
            register.append(tx, [(REPLY.id, event) for event in EVENTS], at=AT, actor="clerk")
        with closing(sqlite3.connect(Path(folder) / "new.db")) as database:
            file.write_text("\n".join([*database.iterdump(), ""]), encoding="utf-8")


if __name__ == "__main__":
    main()
