"""Rows taken in a second, first and again, and the memory that it takes: python benchmarks/importing.py [ROWS]."""

import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from commitments import exchange
from commitments.ledger import register
from commitments.ledger.intake import Draft
from commitments.store import Store

HEADER = (
    "id,kind,title,by,to,force,made,anchor.letter,stated_due,dossier,source.document,fulfilled,fulfilled.document\n"
)
AT = datetime(2025, 1, 1, tzinfo=UTC)


def rows(count: int) -> Iterator[str]:
    for i in range(count):
        day, done = f"2023-0{1 + i % 9}-0{1 + i % 9}", f"2024-0{1 + i % 9}-1{i % 10},letter {i}" if i % 3 else ","
        yield (
            f'C-{i:07},reply,"Reply about the matter {i}, the longer story of it",nl/regering/bzk/minister,'
            f"nl/eerste-kamer/biza,requested,{day},{day},2024-0{1 + i % 9}-05,34 {i % 1000:03},"
            f"Kamerstukken I {i},{done}\n"
        )


def found(path: Path) -> Iterator[Draft]:
    for one in exchange.stream(path):
        assert isinstance(one, Draft), one
        yield one


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "many.csv"
        with path.open("w", encoding="utf-8") as file:
            file.write(HEADER)
            file.writelines(rows(count))
        print(f"{count} rows, {path.stat().st_size / 1e6:.0f} MB")
        with closing(Store.open(Path(folder) / "gestand.db", new=True)) as store:
            for what in ("first", "again"):
                begun, worked = time.perf_counter(), time.process_time()
                with store.writing() as tx:
                    said = register.take_in(tx, found(path), today=AT.date(), at=AT, actor="benchmark")
                took, worked = time.perf_counter() - begun, time.process_time() - worked
                peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000
                print(
                    f"{what}: {said}; {count / took:.0f} rows/s ({count / worked:.0f} of processor time), {peak:.0f} MB"
                )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
