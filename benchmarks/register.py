"""A register of N commitments: import, reassessment, passes, list, audit and verify, each figure beside its bar.

Run `PYTHONPATH=. python benchmarks/register.py [--small 10000] [--large 1000000] [--changes 2000] [--folder FOLDER]`;
it leaves with 1 where a bar is missed. The commitments are made up, the same ones every time: ten years of letters,
questions, undertakings and reports under shipped packs, most answered, some late, with delay notices, extensions,
pauses and stated dates. Commands run as a user would run them, so that their memory is their own.
"""

from __future__ import annotations

import argparse
import gc
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median

from commitments import exchange
from commitments.ledger import register
from commitments.model.commitment import Commitment, Event, EventKind
from commitments.model.record import Record, Recorded
from engine.passes.run import tick
from engine.session import Session, open_session

TODAY = date(2026, 11, 26)
FIRST = date(2016, 11, 28)
NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
DAYS = (TODAY - FIRST).days
PACKS = ("nl-eerste-kamer", "nl-tweede-kamer", "nl-terms", "uk-commons")
COMMITTEES = [f"committee-{number}" for number in range(1, 25)]
MINISTRIES = [f"ministry-{number}" for number in range(1, 15)]
TERMS = ("voor de zomer", "na de zomer", "voor de kerst", "binnen 3 maanden", "in het 2e kwartaal van 2025")
SHARES = (
    # kind, to, anchor, days that are usual, share of all
    ("reply", "nl/eerste-kamer", "letter", 28, 25),
    ("question", "nl/tweede-kamer", "sent", 21, 45),
    ("undertaking", "nl/tweede-kamer", "", 90, 15),
    ("undertaking", "nl/eerste-kamer", "", 180, 5),
    ("response", "uk/commons", "published", 61, 10),
)
OPEN = 0.02
"""The share of what is old that was never settled."""
ROUNDS = 5
SETTINGS = """timezone: Europe/Amsterdam
packs: [{packs}]
mail: {{sender: gestand@example.org}}
recipients:
  - {{name: The clerk, address: clerk@example.org, roles: [clerk], cadence: Mondays 07:30}}
  - {{name: The chair, address: chair@example.org, roles: [chair], cadence: Mondays 07:30}}
"""


# ------------------------------------------------------------------------------------------------- what is made up


def made_up(count: int) -> Iterator[Record]:
    """So many commitments with what befell them by TODAY, the same ones every time."""
    random = Random(20261126)
    weights = [share[-1] for share in SHARES]
    for number in range(count):
        kind, to, anchor, usual, _ = random.choices(SHARES, weights)[0]
        yield _record(random, f"C-{number:07}", kind, to, anchor, usual)


def _record(random: Random, identifier: str, kind: str, to: str, anchor: str, usual: int) -> Record:
    made = _weekday(random)
    state = to.partition("/")[0]
    said: dict[str, object] = {
        "id": identifier,
        "kind": kind,
        "title": f"{kind.capitalize()} {identifier} on the plans for {random.choice(MINISTRIES)} and what they cost",
        "by": f"{state}/government/{random.choice(MINISTRIES)}",
        "to": f"{to}/{random.choice(COMMITTEES)}",
        "made": made,
        "dossier": str(random.randrange(30_000, 37_000)),
        "source": {"document": f"Paper {random.randrange(10**6)}", "quote": "we ask for a reply in good time"},
        "anchors": {anchor: made} if anchor else {},
    }
    if kind == "undertaking" and random.random() < 0.8:
        said["stated_due"] = _stated(random, made, usual)
    commitment = Commitment.model_validate(said)
    events = [Event(kind=EventKind.MADE, occurred_on=made, commitment=commitment), *_events(random, made, usual)]
    known = [event for event in events if event.occurred_on <= TODAY]
    return Record(tuple(Recorded(event=one, seq=seq, recorded_at=NOW, actor="") for seq, one in enumerate(known, 1)))


def _weekday(random: Random) -> date:
    day = FIRST + timedelta(random.randrange(DAYS))
    return day - timedelta(max(0, day.weekday() - 4))


def _stated(random: Random, made: date, usual: int) -> str | dict[str, object]:
    if random.random() < 0.2:
        return random.choice(TERMS)
    return {"date": made + timedelta(random.randrange(usual // 2, usual * 2)), "phrase": "by that day"}


def _events(random: Random, made: date, usual: int) -> Iterator[Event]:
    day = made
    for kind, share in (
        (EventKind.DELAY_NOTICE, 0.2),
        (EventKind.NOTE, 0.1),
        (EventKind.EXTENDED, 0.04),
        (EventKind.SUSPENDED, 0.01),
        (EventKind.PARTLY_FULFILLED, 0.03),
    ):
        if random.random() >= share:
            continue
        day += timedelta(random.randrange(1, max(2, usual // 3)))
        new = day + timedelta(usual) if kind is EventKind.EXTENDED else None
        yield Event(kind=kind, occurred_on=day, date=new, document=f"letter {random.randrange(10**5)}", note="as told")
        if kind is EventKind.SUSPENDED:
            day += timedelta(random.randrange(3, 40))
            yield Event(kind=EventKind.RESUMED, occurred_on=day)
    if random.random() < OPEN:
        return
    late = random.random() < 0.3
    day += timedelta(random.randrange(usual, usual * 3) if late else random.randrange(1, usual))
    kind = random.choices((EventKind.FULFILLED, EventKind.WITHDRAWN, EventKind.LAPSED), (94, 4, 2))[0]
    yield Event(kind=kind, occurred_on=day, document=f"reply {random.randrange(10**6)}", decided_by="the committee")


def workspace(folder: Path, count: int) -> Path:
    """A workspace with a register file of so many commitments in it, and nothing taken in yet."""
    folder.mkdir(parents=True)
    (folder / "gestand.yaml").write_text(SETTINGS.format(packs=", ".join(PACKS)))
    with (folder / "register.jsonl").open("wb") as file:
        for piece in exchange.written("jsonl", made_up(count)):
            file.write(piece)
    return folder


def change_rules(folder: Path) -> None:
    """Every pack is replaced by a copy that is told from it: all that stands under its rules is stamped anew."""
    import rules  # noqa: PLC0415 (for its place)

    (folder / "gestand.yaml").write_text(SETTINGS.format(packs=""))
    (folder / "rules").mkdir()
    for name in PACKS:
        shipped = Path(rules.__file__).parent / "packs" / f"{name}.yaml"
        (folder / "rules" / shipped.name).write_text(f"{shipped.read_text()}\n# our own copy\n")


# ------------------------------------------------------------------------------------------------- what is measured


@dataclass(frozen=True)
class Figure:
    """What was measured, beside its bar; without a limit it is only told."""

    what: str
    value: float
    unit: str
    most: float | None = None
    least: float | None = None

    @property
    def missed(self) -> bool:
        """Whether the bar is missed."""
        return (self.most is not None and self.value > self.most) or (
            self.least is not None and self.value < self.least
        )

    def __str__(self) -> str:
        bar = f"≤ {self.most:,g}" if self.most is not None else f"≥ {self.least:,g}" if self.least is not None else ""
        verdict = "missed" if self.missed else "held" if bar else ""
        return f"{self.what:<62}{self.value:>12,.2f} {self.unit:<12}{bar:>12}  {verdict}"


def run(folder: Path, *words: str) -> tuple[float, float, float]:
    """How long a command took, by the clock and of a core, in seconds, and the most memory that it held, in MB."""
    start = time.perf_counter()
    null = os.open(os.devnull, os.O_WRONLY)
    line = [sys.executable, "-c", "from engine.cli import main; main()", "-w", str(folder), *words]
    child = os.posix_spawn(sys.executable, line, os.environ, file_actions=[(os.POSIX_SPAWN_DUP2, null, 1)])
    _, status, used = os.wait4(child, 0)
    os.close(null)
    if os.waitstatus_to_exitcode(status):
        raise SystemExit(f"gestand {' '.join(words)} failed")
    return time.perf_counter() - start, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def passes(folders: Sequence[Path], changes: int) -> list[tuple[float, float]]:
    """How long a pass over each took, by the clock and of a core, in the median; in turns, so that all fare alike."""
    taken: list[list[tuple[float, float]]] = [[] for _ in folders]
    for number in range(ROUNDS + 1):
        for folder, of_folder in zip(folders, taken, strict=True):
            with open_session(folder) as session:
                of_folder.append(_pass(session, changes, number))
    return [(median(clock for clock, _ in some[1:]), median(core for _, core in some[1:])) for some in taken]


def _pass(session: Session, changes: int, number: int) -> tuple[float, float]:
    """How long a pass took that came after so many changes, the opening of the workspace left out."""
    now = NOW + timedelta(hours=1 + number)
    _change_some(session, changes, Random(number), session.now())
    gc.collect()
    start, used = time.perf_counter(), time.process_time()
    done = tick(session.store, session.workspace, session.assessor, session.deliverer, now=now, clock=session.now)
    assert done.assessed >= changes
    return time.perf_counter() - start, time.process_time() - used


def _change_some(session: Session, changes: int, random: Random, now: datetime) -> None:
    """Something befalls so many commitments: what is open is fulfilled, what is settled gets a note or is reopened."""
    with session.store.writing() as tx:
        some = random.sample(register.ids(tx), changes)
        found = register.records(tx, some)
        register.append(tx, [(one.commitment.id, _befalls(random, one)) for one in found], at=now, actor="bench")


def _befalls(random: Random, record: Record) -> Event:
    kind = random.choice((EventKind.REOPENED, EventKind.NOTE)) if record.settled else EventKind.FULFILLED
    return Event(kind=kind, occurred_on=TODAY, document="letter", note="as told")


def measured(base: Path, small: int, large: int, changes: int) -> Iterator[Figure]:
    """Every figure, in the order in which it is come by."""
    yield Figure("gestand --help", min(run(base, "--help")[0] for _ in range(5)), "s", most=0.3)
    few = workspace(base / "small", small)
    run(few, "import", "--new", str(few / "register.jsonl"), "--as-of", str(TODAY), "--actor", "bench")
    run(few, "tick", "--as-of", str(TODAY))
    clock, core, _ = min(run(few, "list") for _ in range(5))
    yield Figure(f"list of {small:,}: by the clock, the best of five", clock, "s", most=1.0)
    yield Figure(f"list of {small:,}: of a core", core, "s")
    many = workspace(base / "large", large)
    clock, core, memory = run(
        many, "import", "--new", str(many / "register.jsonl"), "--as-of", str(TODAY), "--actor", "bench"
    )
    yield Figure(f"import of {large:,}: by the clock", clock, "s")
    yield Figure(f"import of {large:,}: commitments a second of a core", large / core, "/s")
    yield Figure(f"import of {large:,}: memory", memory, "MB", most=500)
    clock, core, memory = run(many, "tick", "--as-of", str(TODAY))
    yield Figure("first pass, from the ledger: commitments a second of a core", large / core, "/s")
    yield Figure("first pass, from the ledger: memory", memory, "MB", most=500)
    change_rules(many)
    clock, core, memory = run(many, "tick", "--as-of", str(TODAY))
    yield Figure("every rule changed: by the clock", clock, "s")
    yield Figure("every rule changed: commitments a second of a core", large / core, "/s", least=25_000)
    yield Figure("every rule changed: memory", memory, "MB", most=500)
    change_rules(few)
    run(few, "tick", "--as-of", str(TODAY))
    (clock_few, core_few), (clock_many, core_many) = passes((few, many), changes)
    yield Figure(f"pass with {changes:,} changes over {small:,}: by the clock", clock_few, "s")
    yield Figure(f"pass with {changes:,} changes over {small:,}: of a core", core_few, "s")
    yield Figure(f"pass with {changes:,} changes over {large:,}: by the clock", clock_many, "s", most=2.0)
    yield Figure(f"pass with {changes:,} changes over {large:,}: of a core", core_many, "s")
    yield Figure("the one by the other: by the clock", clock_many / clock_few, "times", most=1.25)
    yield Figure("the one by the other: of a core", core_many / core_few, "times", most=1.25)
    yield Figure(f"list of what is overdue of {large:,}", run(many, "list", "--status", "overdue")[0], "s")
    clock, core, memory = run(many, "audit")
    yield Figure(f"audit of {large:,}: by the clock", clock, "s", most=10)
    yield Figure(f"audit of {large:,}: of a core", core, "s")
    yield Figure(f"audit of {large:,}: memory", memory, "MB", most=500)
    with open_session(many) as session, session.store.reading() as tx:
        entries = register.head(tx).seq
    clock, core, memory = run(many, "verify", "--chain")
    yield Figure(f"verify --chain of {entries:,} entries: a second by the clock", entries / clock, "/s", least=200_000)
    yield Figure(f"verify --chain of {entries:,} entries: of a core", core, "s")
    yield Figure(f"verify --chain of {entries:,} entries: memory", memory, "MB")


def main() -> int:
    """Measure, tell each figure as it is come by, and return 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=10_000)
    parser.add_argument("--large", type=int, default=1_000_000)
    parser.add_argument("--changes", type=int, default=2_000)
    parser.add_argument("--folder", type=Path, help="where to work, and to leave everything afterwards")
    asked = parser.parse_args()
    base = asked.folder or Path(tempfile.mkdtemp(prefix="gestand-register-"))
    missed = 0
    try:
        for figure in measured(base, asked.small, asked.large, asked.changes):
            print(figure, flush=True)
            missed += figure.missed
    finally:
        if asked.folder is None:
            shutil.rmtree(base)
    print(f"{missed} missed" if missed else "every bar was held")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
