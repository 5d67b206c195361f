"""The rule book: every pack that is in use, its rules by name, and what is wrong with the files they came from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from commitments.source import Document, Problem, check, problem, read
from rules.calendar import Calendars
from rules.cycle import dating_rules
from rules.pack import Cycle, Ladder, Pack, Rule

SHIPPED = Path(__file__).parent / "packs"
SUFFIXES = (".yaml", ".yml")


@dataclass(frozen=True)
class LoadedPack:
    """A pack, the file it came from, and the hash of that file."""

    pack: Pack
    file: str
    hash: str

    def __str__(self) -> str:
        """What notices and digests are stamped with: name, version, the first eight of the hash."""
        version = f" {self.pack.version}" if self.pack.version else ""
        return f"{self.pack.pack}{version} ({self.hash[:8]})"


@dataclass(frozen=True)
class BookRule:
    """A rule in its pack."""

    pack: Pack
    rule: Rule

    @property
    def name(self) -> str:
        """How the rule is called everywhere: pack/rule."""
        return f"{self.pack.pack}/{self.rule.id}"

    @property
    def ladder(self) -> Ladder:
        """The rule's own ladder, or its pack's."""
        return self.rule.notices or self.pack.notices


@dataclass(frozen=True)
class RuleBook:
    """The packs in use."""

    packs: tuple[LoadedPack, ...] = ()

    @cached_property
    def rules(self) -> dict[str, BookRule]:
        """Every rule by name, those of the cycles included."""
        return {rule.name: rule for loaded in self.packs for rule in _rules(loaded.pack)}

    @cached_property
    def cycles(self) -> tuple[tuple[Pack, Cycle], ...]:
        """Every cycle, in its pack."""
        return tuple((loaded.pack, cycle) for loaded in self.packs for cycle in loaded.pack.cycles)

    @cached_property
    def parties(self) -> dict[str, str]:
        """The names that the packs give to parties."""
        return {party: name for loaded in self.packs for party, name in loaded.pack.parties.items()}

    @cached_property
    def hash(self) -> str:
        """What the whole book hashes to: it changes when any pack does."""
        return hashlib.sha256("\n".join(loaded.hash for loaded in self.packs).encode()).hexdigest()


def _rules(pack: Pack) -> Iterator[BookRule]:
    yield from (BookRule(pack, rule) for rule in pack.rules)
    yield from (BookRule(pack, rule) for cycle in pack.cycles for rule in dating_rules(pack, cycle))


def load(files: Iterable[Path], calendars: Calendars) -> tuple[RuleBook, tuple[Problem, ...]]:
    """The rule book of these files, with every problem in them: a bad file is left out, the good ones load."""
    loaded: list[LoadedPack] = []
    problems: list[Problem] = []
    for file in files:
        document, found = read(file)
        pack, faults = check(Pack, document) if document else (None, ())
        problems += [*found, *faults]
        if pack is None or document is None:
            continue
        crossed = tuple(_cross_check(pack, document, calendars, loaded))
        problems += crossed
        if not (found or crossed):
            loaded.append(LoadedPack(pack, str(file), hashlib.sha256(file.read_bytes()).hexdigest()))
    return RuleBook(tuple(loaded)), tuple(problems)


def pack_files(folder: Path) -> list[Path]:
    """The rule files of a folder, in the order of their names."""
    return sorted(path for path in folder.glob("*") if path.suffix in SUFFIXES)


def _cross_check(
    pack: Pack, document: Document, calendars: Calendars, others: Iterable[LoadedPack]
) -> Iterator[Problem]:
    for other in others:
        if other.pack.pack == pack.pack:
            yield problem(
                document, ("pack",), f"there is already a pack {pack.pack}, in {other.file}", "choose another name"
            )
    yield from _repeated_ids(pack, document)
    yield from _unknown_calendars(pack, document, calendars)


def _repeated_ids(pack: Pack, document: Document) -> Iterator[Problem]:
    seen: set[str] = set()
    places = [*(("rules", i, rule.id) for i, rule in enumerate(pack.rules))]
    places += [("cycles", i, cycle.id) for i, cycle in enumerate(pack.cycles)]
    for part, index, identifier in places:
        if identifier in seen:
            message = f"{identifier} is used twice in this pack"
            yield problem(document, (part, index, "id"), message, "an id names one rule or cycle")
        seen.add(identifier)


def _unknown_calendars(pack: Pack, document: Document, calendars: Calendars) -> Iterator[Problem]:
    for index, rule in enumerate(pack.rules):
        for name, hint in calendars.unknown(rule.due):
            yield problem(document, ("rules", index, "due", "calendar"), f"there is no calendar {name}", hint)
