"""The rule book: every pack that is in use, its rules by name, and what is wrong with the files they came from."""

from __future__ import annotations

import hashlib
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from commitments.reading.fit import close
from commitments.reading.problem import Path as Way
from commitments.reading.source import (
    Document,
    Problem,
    check,
    files_in,
    problem,
    read,
)
from rules.calendars.calendar import Calendars
from rules.counting.cycle import dating_rules
from rules.counting.due import Due
from rules.counting.terms import (
    SPEECH,
    Phrase,
    Term,
    faults,
    unspoken,
)
from rules.pack.consequence import FollowUp, GroupEscalation, Inhibition
from rules.pack.inherit import inherited
from rules.pack.pack import (
    Cycle,
    Ladder,
    Pack,
    Rule,
)

SHIPPED = Path(__file__).parents[1] / "packs"
SUFFIXES = (".yaml", ".yml")
TEST = "_test"
"""How the name of a file ends that holds tests of a pack."""


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

    @cached_property
    def name(self) -> str:
        """How the rule is called everywhere: pack/rule."""
        return f"{self.pack.pack}/{self.rule.id}"

    @property
    def ladder(self) -> Ladder:
        """The rule's own ladder, or its pack's."""
        return self.rule.notices or self.pack.notices


@dataclass(frozen=True)
class RuleBook:
    """The packs in use; `bases` are the files of those that are in use through others that extend them, by name."""

    packs: tuple[LoadedPack, ...] = ()
    bases: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def rules(self) -> dict[str, BookRule]:
        """Every rule by name, those of the cycles included."""
        return {rule.name: rule for loaded in self.packs for rule in _rules(loaded.pack)}

    @cached_property
    def cycles(self) -> tuple[tuple[Pack, Cycle], ...]:
        """Every cycle, in its pack."""
        return tuple((loaded.pack, cycle) for loaded in self.packs for cycle in loaded.pack.cycles)

    @cached_property
    def inhibitions(self) -> dict[str, Inhibition]:
        """What mutes others, by name: pack/inhibit-1."""
        return {
            f"{loaded.pack.pack}/inhibit-{number}": item
            for loaded in self.packs
            for number, item in enumerate(loaded.pack.inhibit, start=1)
        }

    @cached_property
    def escalations(self) -> dict[str, GroupEscalation]:
        """What is told where several commitments stand alike, by name: pack/id, or pack/escalate-1."""
        return {
            f"{loaded.pack.pack}/{item.id or f'escalate-{number}'}": item
            for loaded in self.packs
            for number, item in enumerate(loaded.pack.escalate, start=1)
        }

    @property
    def related(self) -> bool:
        """Whether some rule looks at more than one commitment: a parent mutes its parts, or several are told of."""
        return bool(self.inhibitions or self.escalations)

    @cached_property
    def follow_ups(self) -> dict[str, FollowUp]:
        """What makes the next commitment, by name: pack/id."""
        return {f"{loaded.pack.pack}/{item.id}": item for loaded in self.packs for item in loaded.pack.follow_up}

    def stamp(self, rule: str) -> str:
        """The pack of a rule with its version and hash, as what the rule brings about is stamped; empty without one."""
        return self._stamps.get(rule.partition("/")[0], "")

    @cached_property
    def _stamps(self) -> dict[str, str]:
        return {loaded.pack.pack: str(loaded) for loaded in self.packs}

    @cached_property
    def parties(self) -> dict[str, str]:
        """The names that the packs give to parties."""
        return {party: name for loaded in self.packs for party, name in loaded.pack.parties.items()}

    @cached_property
    def phrases(self) -> tuple[Phrase, ...]:
        """The phrases that the packs give a meaning to."""
        return tuple(
            Phrase(words, term, loaded.pack.language)
            for loaded in self.packs
            for words, term in loaded.pack.terms.items()
        )

    @cached_property
    def hash(self) -> str:
        """What the whole book hashes to: it changes when any pack does."""
        return hashlib.sha256("\n".join(loaded.hash for loaded in self.packs).encode()).hexdigest()


def _rules(pack: Pack) -> Iterator[BookRule]:
    yield from (BookRule(pack, rule) for rule in pack.rules)
    yield from (BookRule(pack, rule) for cycle in pack.cycles for rule in dating_rules(pack, cycle))


def load(files: Iterable[Path], calendars: Calendars) -> tuple[RuleBook, tuple[Problem, ...]]:
    """The rule book of these files, with every problem in them.

    A bad file is left out, the good ones load; of a pack whose terms alone are bad, only these are left out.
    """
    loaded: list[LoadedPack] = []
    problems: list[Problem] = []
    heirs: list[tuple[LoadedPack, Document]] = []
    for file in files:
        document, found = read(file)
        if document is None:
            problems += found
            continue
        pack, unfit = check(Pack, document)
        wrong = [*found, *unfit, *_cross_check(document, pack, calendars, loaded)]
        misread = dict(_misread_terms(document))
        problems += sorted([*wrong, *(one for several in misread.values() for one in several)], key=_place)
        if pack is not None and not wrong:
            hashed = hashlib.sha256(file.read_bytes()).hexdigest()
            loaded.append(LoadedPack(_without_terms(pack, misread), str(file), hashed))
            heirs.append((loaded[-1], document))
    made, refused = _with_bases(heirs, calendars)
    return RuleBook(tuple(made), _bases(made, [base for base, _ in heirs])), (*problems, *refused)


def pack_name(file: Path) -> str:
    """The name that a file gives its pack; empty where it gives none that can be read."""
    document, _ = read(file)
    named = document.value.get("pack") if document and isinstance(document.value, dict) else None
    return named if isinstance(named, str) else ""


# ------------------------------------------------------------------------------------------------- extending others


def _with_bases(
    heirs: list[tuple[LoadedPack, Document]], calendars: Calendars
) -> tuple[list[LoadedPack], list[Problem]]:
    """Each pack with what it takes over from the one it extends; without those that cannot, and why.

    A pack that another extends is in use through that one only: its rules would count twice.
    """
    there = {loaded.pack.pack: loaded for loaded, _ in heirs}
    extended = {loaded.pack.extends for loaded, _ in heirs}
    made: list[LoadedPack] = []
    problems: list[Problem] = []
    for loaded, document in heirs:
        found = _based(loaded, there, calendars, ())
        if not isinstance(found, str) and found.pack.terms and found.pack.language not in SPEECH:
            problems.append(problem(document, *unspoken(found.pack.language)))
            found = replace(found, pack=_without_terms(found.pack, found.pack.terms))
        if isinstance(found, str):
            hint = "extends names a pack that ships with Gestand, or one in rules/"
            problems.append(problem(document, ("extends",), found, hint))
        elif loaded.pack.pack not in extended:
            made.append(found)
    return made, problems + [p for loaded, document in heirs for p in _lost_exceptions(loaded.pack, document, made)]


def _bases(made: Iterable[LoadedPack], loaded: Iterable[LoadedPack]) -> dict[str, str]:
    """The files of the packs that these extend, directly or through others, by name."""
    there = {one.pack.pack: one for one in loaded}
    found: dict[str, str] = {}
    waiting = [one.pack.extends for one in made]
    while waiting:
        base = there.get(waiting.pop() or "")
        if base is not None and base.pack.pack not in found:
            found[base.pack.pack] = base.file
            waiting.append(base.pack.extends)
    return found


def _based(
    loaded: LoadedPack, there: dict[str, LoadedPack], calendars: Calendars, above: tuple[str, ...]
) -> LoadedPack | str:
    """The pack with all it takes over, or why it cannot."""
    name, base = loaded.pack.pack, loaded.pack.extends
    if base is None:
        return loaded
    if base in (*above, name):
        return f"{' extends '.join((*above, name, base))}: that goes round in a circle"
    ground = there.get(base) or _shipped(base, calendars)
    if ground is None:
        return f"there is no pack {base}"
    whole = _based(ground, there, calendars, (*above, name))
    if isinstance(whole, str):
        return whole
    both = hashlib.sha256(f"{whole.hash} {loaded.hash}".encode()).hexdigest()
    return LoadedPack(inherited(whole.pack, loaded.pack), loaded.file, both)


def _shipped(name: str, calendars: Calendars) -> LoadedPack | None:
    """A pack that ships with Gestand and is not in use by itself."""
    book, _ = load([SHIPPED / f"{name}.yaml"], calendars) if (SHIPPED / f"{name}.yaml").is_file() else (RuleBook(), ())
    return next(iter(book.packs), None)


def _lost_exceptions(pack: Pack, document: Document, made: list[LoadedPack]) -> Iterator[Problem]:
    """Exceptions to rules that are not there, in the pack or in what it took over."""
    whole = next((loaded.pack for loaded in made if loaded.pack.pack == pack.pack), pack)
    names = [rule.id for rule in whole.rules]
    for index, rule in enumerate(pack.rules):
        if rule.exception_of is not None and (rule.exception_of not in names or rule.exception_of == rule.id):
            message = f"there is no other rule {rule.exception_of} in this pack"
            path = ("rules", index, "exception_of")
            yield problem(document, path, message, close(rule.exception_of, [n for n in names if n != rule.id]))


def _place(problem: Problem) -> tuple[int, int]:
    return problem.line, problem.column


def pack_files(folder: Path) -> list[Path]:
    """The rule files of a folder, in the order of their names; what ends in _test.yaml holds tests of them."""
    return [path for path in _yaml_files(folder) if not is_situation_file(path)]


def situation_files(folder: Path) -> list[Path]:
    """The files of a folder that hold tests of packs, in the order of their names."""
    return [path for path in _yaml_files(folder) if is_situation_file(path)]


def is_situation_file(path: Path) -> bool:
    """Whether a file holds tests of a pack, by its name."""
    return path.stem.endswith(TEST)


def _yaml_files(folder: Path) -> list[Path]:
    return files_in(folder, SUFFIXES)[0]


def _misread_terms(document: Document) -> Iterator[tuple[str, list[Problem]]]:
    """The terms of a pack that cannot be meant under their phrases, with what is wrong with each."""
    terms = document.value.get("terms") if isinstance(document.value, dict) else None
    for words in terms if isinstance(terms, dict) else ():
        term, _ = check(Term, document, ("terms", words))
        found = faults(str(words), term) if term is not None else ()
        if problems := [problem(document, *one._replace(path=("terms", words, *one.path))) for one in found]:
            # The pack knows its phrases without blanks around them.
            yield str(words).strip(), problems


def _without_terms(pack: Pack, left_out: Container[str]) -> Pack:
    """The pack without these terms."""
    return pack.model_copy(
        update={"terms": {words: term for words, term in pack.terms.items() if words not in left_out}}
    )


# What stands in several places is compared rule by rule: a mistake in one must not hide what is wrong with the others.


def _cross_check(
    document: Document, pack: Pack | None, calendars: Calendars, others: Iterable[LoadedPack]
) -> Iterator[Problem]:
    if not isinstance(document.value, dict):
        return
    yield from _same_name(document, others)
    yield from _repeated_ids(document)
    yield from _unknown_calendars(document, pack, calendars)


def _same_name(document: Document, others: Iterable[LoadedPack]) -> Iterator[Problem]:
    name = document.value.get("pack")
    for other in others:
        if other.pack.pack == name:
            yield problem(
                document, ("pack",), f"there is already a pack {name}, in {other.file}", "choose another name"
            )


def _repeated_ids(document: Document) -> Iterator[Problem]:
    seen: set[str] = set()
    for identifier, path in _ids(document):
        if identifier in seen:
            hint = "an id names one rule or cycle"
            yield problem(document, path, f"{identifier} is used twice in this pack", hint)
        seen.add(identifier)


def _ids(document: Document) -> Iterator[tuple[str, Way]]:
    """Every id in a pack as its rules are called, the rules of what goes with a cycle included, and where it stands."""
    for part in ("rules", "cycles"):
        for path, item in _entries(document, (part,)):
            yield from _id(item, path)
            for inner, derived in _entries(document, (*path, "derived")):
                yield from ((f"{item.get('id')}-{name}", place) for name, place in _id(derived, inner))
    for path, item in _entries(document, ("follow_up",)):
        yield from ((f"the follow-up {name}", place) for name, place in _id(item, path))
    for number, (path, item) in enumerate(_entries(document, ("escalate",)), start=1):
        yield from _id({"id": f"escalate-{number}", **item}, path)


def _id(item: dict[str, Any], path: Way) -> Iterator[tuple[str, Way]]:
    if isinstance(item.get("id"), str):
        yield item["id"], (*path, "id")


def _entries(document: Document, path: Way) -> Iterator[tuple[Way, dict[str, Any]]]:
    """The mappings in the list at a path; none where there is no list."""
    try:
        items = document.at(path)
    except (KeyError, TypeError):
        return
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield (*path, index), item


def _unknown_calendars(document: Document, pack: Pack | None, calendars: Calendars) -> Iterator[Problem]:
    dues = _dues(pack) if pack is not None else _readable_dues(document)
    for path, due in dues:
        for name, hint in calendars.unknown(due):
            yield problem(document, (*path, "calendar"), f"there is no calendar {name}", hint)


def _dues(pack: Pack) -> Iterator[tuple[Way, Due]]:
    yield from ((("rules", index, "due"), rule.due) for index, rule in enumerate(pack.rules))
    for index, cycle in enumerate(pack.cycles):
        for place, derived in enumerate(cycle.derived):
            if derived.due is not None:
                yield ("cycles", index, "derived", place, "due"), derived.due


def _readable_dues(document: Document) -> Iterator[tuple[Way, Due]]:
    """Those of a pack that is no good as a whole."""
    for path in _due_paths(document):
        due, _ = check(Due, document, path)
        if due is not None:
            yield path, due


def _due_paths(document: Document) -> Iterator[Way]:
    for part in ("rules", "cycles"):
        for path, item in _entries(document, (part,)):
            holders = ((path, item), *_entries(document, (*path, "derived")))
            yield from ((*place, "due") for place, holder in holders if "due" in holder)
