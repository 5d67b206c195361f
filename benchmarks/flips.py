"""Damage done to a register at random, and whether every command still says in a sentence what it meets.

Run `PYTHONPATH=. python benchmarks/flips.py [--trials 1000] [--seed 1]`; it leaves with 1 where a command broke off
with an error of ours (exit status 3). Each trial takes a small register that has been at work, does it one to four
damages (a value of a row turned into another, or bytes of the file flipped), and runs the commands on it.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import io
import os
import shutil
import sqlite3
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from unittest.mock import patch

from engine.cli import main
from engine.workspace import clock

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
BEGIN = (
    ("init",),
    ("import", "commitments/example.yaml", "--actor", "clerk"),
    ("record", "note", "EXAMPLE-1", "--note", "he called about the road", "--actor", "clerk"),
    ("tick",),
    ("silence", "--until", "2026-12-31", "--reason", "ill", "--actor", "clerk", "EXAMPLE-1"),
    ("record", "fulfilled", "EXAMPLE-1", "--actor", "clerk"),
)
COMMANDS = (
    ("verify",),
    ("show", "34964-B"),
    ("list",),
    ("backup", "copy.db"),
    ("export",),
    ("export", "--ledger"),
    ("audit",),
    ("outbox",),
    ("tick",),
)
LATER = datetime(2026, 12, 3, 9, tzinfo=UTC)


def run(*words: str) -> tuple[int, str]:
    """The exit status of a command, and what it said and complained of."""
    said = io.StringIO()
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    with patch.object(sys, "argv", ["gestand", *words]), patch.object(sys, "stdout", out):
        try:
            with contextlib.redirect_stderr(said):
                main()
        except SystemExit as left:
            status = left.code if isinstance(left.code, int) else 1
    return status, out.buffer.getvalue().decode("utf-8", "replace") + said.getvalue()  # type: ignore[attr-defined]


def turned(random: Random, value: object) -> object:
    """Another value in the place of one: some bits of a text flipped, or something of another kind."""
    if isinstance(value, str | bytes) and value and random.random() < 0.7:
        octets = bytearray(value if isinstance(value, bytes) else value.encode())
        for _ in range(random.choice((1, 1, 1, 3))):
            octets[random.randrange(len(octets))] ^= 1 << random.randrange(8)
        return bytes(octets)
    return random.choice((None, 0, -1, 2**62, 1.5, "", "{}", "[]", "not json", "2026-13-45", b"\x00\xff", "ü" * 300))


def spoil_value(random: Random, path: Path) -> str:
    """Turn one value of one row into another; what was done."""
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.text_factory = bytes
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f"DROP TRIGGER {name.decode()}")
        database.execute("PRAGMA ignore_check_constraints = ON")
        named = [row[0].decode() for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        filled = [name for name in named if database.execute(f"SELECT 1 FROM {name} LIMIT 1").fetchone()]
        table = random.choice(filled)
        columns = [row[1].decode() for row in database.execute(f"PRAGMA table_info({table})")]
        column = random.choice(columns)
        rows = database.execute(f'SELECT rowid, "{column}" FROM {table}').fetchall()
        number, value = random.choice(rows)
        text = isinstance(value, bytes) and table != "message"
        new = turned(random, value)
        place = "CAST(? AS TEXT)" if text and isinstance(new, bytes) and random.random() < 0.9 else "?"
        try:
            database.execute(f'UPDATE {table} SET "{column}" = {place} WHERE rowid = ?', (new, number))
        except sqlite3.Error as error:
            return f"refused: {error}"
        return f"{table}.{column} of row {number}: {new!r:.80}"


def spoil_bytes(random: Random, path: Path) -> str:
    """Flip bits of some bytes of the file; what was done."""
    octets = bytearray(path.read_bytes())
    places = [random.randrange(len(octets)) for _ in range(random.choice((1, 2, 8, 64)))]
    for place in places:
        octets[place] ^= 1 << random.randrange(8)
    path.write_bytes(octets)
    return f"{len(places)} bytes {places[:8]}"


def trial(random: Random, whole: Path, folder: Path) -> Iterator[tuple[str, int, str]]:
    """Damage a register and run the commands on it: what each was, its exit status, and what it said."""
    shutil.copytree(whole, folder)
    path = folder / "gestand.db"
    spoil = random.choice((spoil_value, spoil_value, spoil_value, spoil_bytes))
    done = "; ".join(spoil(random, path) for _ in range(random.choice((1, 1, 2, 4))))
    os.chdir(folder)
    for words in COMMANDS:
        status, said = run(*words)
        yield f"{done} | {' '.join(words)}", status, said
    os.chdir(whole)
    shutil.rmtree(folder)
    gc.unfreeze()  # what a command of the command line keeps for good, as a process of its own


def at_work(folder: Path) -> Path:
    """A register that has been at work, in one file."""
    folder.mkdir()
    os.chdir(folder)
    for words in BEGIN:
        status, said = run(*words)
        if status:
            raise SystemExit(f"{' '.join(words)}: {said}")
    with closing(sqlite3.connect(folder / "gestand.db", isolation_level=None)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return folder


def _flips(done: str) -> int:
    """How many values and bytes were turned by what was done."""
    parts = done.rpartition(" | ")[0].split("; ")
    return sum(int(part.split(" ")[0]) if part.split(" ")[1:2] == ["bytes"] else 1 for part in parts)


def tried(trials: int, seed: int) -> tuple[Counter[str], list[str], list[str]]:
    """How often each command left with what status, what was said where it broke off, what `verify` did not find."""
    random, count, broken, unseen, flips = Random(seed), Counter[str](), list[str](), list[str](), 0
    with tempfile.TemporaryDirectory() as place, patch.object(clock, "now", lambda: NOW) as _:
        whole = at_work(Path(place) / "whole")
        with patch.object(clock, "now", lambda: LATER):
            for number in range(trials):
                for what, status, said in trial(random, whole, Path(place) / f"trial-{number}"):
                    flips += _flips(what) if what.endswith("| verify") else 0
                    count[f"{what.rpartition('| ')[2].replace(' 34964-B', '')}: {status}"] += 1
                    if status not in {0, 1}:
                        broken.append(f"{what}\n{said}")
                    elif not status and what.endswith("| verify"):
                        unseen.append(what)
        os.chdir("/")
    count["values and bytes turned"] = flips
    return count, broken, unseen


if __name__ == "__main__":
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--trials", type=int, default=1000)
    options.add_argument("--seed", type=int, default=1)
    asked = options.parse_args()
    counted, broke, missed = tried(asked.trials, asked.seed)
    for line, times in sorted(counted.items()):
        print(f"{line:<24}{times}")
    for one in missed:
        print(f"not found: {one}")
    for one in broke[:20]:
        print(one, end="\n\n")
    sys.exit(bool(broke))
