"""The tests of packs and of the files beside them, run; what failed, at the place where it is expected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from xml.etree import ElementTree as ET

from commitments.reading.fit import close
from commitments.reading.problem import Document, Problem, problem
from commitments.reading.problem import Path as Way
from commitments.reading.source import check, read
from engine.assessment.assess import Assessor
from engine.authoring.compare import Difference, differences
from engine.matching.matcher import matcher
from engine.workspace.settings import Workspace
from rules.pack.book import (
    TEST,
    LoadedPack,
    RuleBook,
    is_situation_file,
    situation_files,
)
from rules.pack.situation import Situation, SituationFile


class Verdict(StrEnum):
    """What came of a test: what is known to fail may, but must say so no longer once it passes."""

    PASSED = "passed"
    FAILED = "failed"
    TODO = "todo"
    MENDED = "mended"

    @property
    def bad(self) -> bool:
        """Whether something must be done about it."""
        return self in {Verdict.FAILED, Verdict.MENDED}


@dataclass(frozen=True)
class Trial:
    """A test of a rule (pack/rule), and where it stands."""

    rule: str
    situation: Situation
    document: Document
    path: Way

    @property
    def line(self) -> int:
        """The line on which it begins."""
        return self.document.position(self.path)[0]


@dataclass(frozen=True)
class Outcome:
    """A test and how what it expected differs from what it got."""

    trial: Trial
    differences: tuple[Difference, ...]

    @property
    def verdict(self) -> Verdict:
        """What came of it."""
        if self.trial.situation.todo:
            return Verdict.TODO if self.differences else Verdict.MENDED
        return Verdict.FAILED if self.differences else Verdict.PASSED

    @property
    def problems(self) -> tuple[Problem, ...]:
        """What must be mended: each difference at the value that was expected, or the todo that is done."""
        if self.verdict is Verdict.MENDED:
            message = f"{self.trial.rule}: “{self.trial.situation.name}” passes now"
            return (problem(self.trial.document, (*self.trial.path, "todo"), message, "remove todo", at_key=True),)
        found = [self._problem(one) for one in self.differences] if self.verdict is Verdict.FAILED else []
        return tuple(sorted(found, key=lambda one: (one.line, one.column)))

    def _problem(self, one: Difference) -> Problem:
        when = f" on {one.on}" if one.on else ""
        sentence = f"{one.rule}: “{one.test}”{when}: wanted {one.wanted}, got {one.got}"
        return problem(self.trial.document, (*self.trial.path, *one.path), sentence)


def gather(
    workspace: Workspace, rules: Path, files: Sequence[Path] = ()
) -> tuple[RuleBook, tuple[Trial, ...], tuple[Problem, ...]]:
    """The packs to test, their tests, and what is wrong with either.

    Without files: the packs in use, with the files of tests in the folder `rules`. A pack among the files brings the
    file of tests beside it along; a file of tests by itself is about the packs in use.
    """
    if not files:
        found, problems = trials(workspace.book, situation_files(rules))
        return workspace.book, found, (*workspace.problems, *problems)
    packs = [file for file in files if not is_situation_file(file)]
    beside = [file for file in files if is_situation_file(file)]
    if not packs:
        return workspace.book, *_beside(workspace.book, beside)
    book, faults = workspace.check_files(packs)
    found, problems = trials(book, dict.fromkeys([*beside, *(one for pack in packs for one in _siblings(pack))]))
    return book, found, (*faults, *problems)


def trials(book: RuleBook, files: Iterable[Path]) -> tuple[tuple[Trial, ...], tuple[Problem, ...]]:
    """Every test of the packs of a book, then those in files beside them; and what is wrong with these files."""
    own = tuple(trial for loaded in book.packs for trial in _of_pack(loaded))
    further, problems = _beside(book, files)
    return (*own, *further), problems


def _beside(book: RuleBook, files: Iterable[Path]) -> tuple[tuple[Trial, ...], tuple[Problem, ...]]:
    found: list[Trial] = []
    problems: list[Problem] = []
    for file in files:
        document, faults = read(file)
        situations, misfits = check(SituationFile, document) if document else (None, ())
        astray = tuple(_astray(situations, document, book)) if situations and document else ()
        problems += [*faults, *misfits, *astray]
        if situations and document and not astray:
            found += _of_file(situations, document)
    return tuple(found), tuple(problems)


def _siblings(pack: Path) -> list[Path]:
    return [file for file in situation_files(pack.parent) if file.stem == f"{pack.stem}{TEST}"]


def _of_pack(loaded: LoadedPack) -> Iterator[Trial]:
    document, _ = read(Path(loaded.file))
    if document is None:
        return
    places = {rule["id"]: index for index, rule in enumerate(document.value.get("rules") or ())}
    for rule in loaded.pack.rules:
        for number, situation in enumerate(rule.tests):
            inherited = rule.id not in places
            path: Way = ("extends",) if inherited else ("rules", places[rule.id], "tests", number)
            yield Trial(f"{loaded.pack.pack}/{rule.id}", situation, document, path)


def _of_file(file: SituationFile, document: Document) -> Iterator[Trial]:
    for rule, situations in file.tests.items():
        for place, situation in enumerate(situations):
            yield Trial(f"{file.pack}/{rule}", situation, document, ("tests", rule, place))


def _astray(file: SituationFile, document: Document, book: RuleBook) -> Iterator[Problem]:
    """Tests of a pack or a rule that is not there."""
    packs = [loaded.pack.pack for loaded in book.packs]
    if file.pack not in packs:
        hint = close(file.pack, packs) or f"there are: {', '.join(packs) or 'none'}"
        yield problem(document, ("pack",), f"there is no pack {file.pack}", hint)
        return
    rules = [name.partition("/")[2] for name in book.rules if name.startswith(f"{file.pack}/")]
    for rule in file.tests:
        if rule not in rules:
            hint = close(rule, rules) or f"there are: {', '.join(rules)}"
            yield problem(document, ("tests", rule), f"{file.pack} has no rule {rule}", hint, at_key=True)


def run(workspace: Workspace, book: RuleBook, found: Iterable[Trial]) -> list[Outcome]:
    """What comes of each test, in their order, under the rules of a book."""
    chosen = matcher({name: item.rule.condition for name, item in book.rules.items()})
    try:
        assessor = Assessor(book, workspace.calendars, chosen, workspace.settings.timezone)
        return [Outcome(one, tuple(differences(assessor, one.rule, one.situation))) for one in found]
    finally:
        chosen.close()


# ------------------------------------------------------------------------------------------------- for programs


def as_values(outcomes: Sequence[Outcome]) -> list[dict[str, object]]:
    """Every test as plain values, each difference field by field."""
    return [
        {
            "rule": outcome.trial.rule,
            "test": outcome.trial.situation.name,
            "file": outcome.trial.document.file,
            "line": outcome.trial.line,
            "verdict": outcome.verdict.value,
            "todo": outcome.trial.situation.todo,
            "differences": [
                {"on": str(one.on) if one.on else None, "field": one.field, "wanted": one.wanted, "got": one.got}
                for one in outcome.differences
            ],
        }
        for outcome in outcomes
    ]


def as_junit(outcomes: Sequence[Outcome]) -> str:
    """The tests as JUnit reports them: a suite for each file, a known gap is skipped."""
    root = ET.Element("testsuites")
    for file in dict.fromkeys(outcome.trial.document.file for outcome in outcomes):
        _suite(root, file, [outcome for outcome in outcomes if outcome.trial.document.file == file])
    ET.indent(root)
    return f"{ET.tostring(root, encoding='unicode', xml_declaration=True)}\n"


def _suite(root: ET.Element, file: str, outcomes: list[Outcome]) -> None:
    verdicts = [outcome.verdict for outcome in outcomes]
    counts = {"tests": len(verdicts), "failures": sum(one.bad for one in verdicts), "errors": 0}
    totals = counts | {"skipped": verdicts.count(Verdict.TODO)}
    suite = ET.SubElement(root, "testsuite", {"name": file} | {k: str(v) for k, v in totals.items()})
    for outcome in outcomes:
        _case(suite, outcome)


def _case(suite: ET.Element, outcome: Outcome) -> None:
    trial = outcome.trial
    named = {"classname": trial.rule.replace("/", "."), "name": trial.situation.name}
    place = {"file": trial.document.file, "line": str(trial.line)}
    case = ET.SubElement(suite, "testcase", named | place)
    if outcome.verdict is Verdict.TODO:
        ET.SubElement(case, "skipped", {"message": trial.situation.todo})
    if outcome.verdict.bad:
        problems = outcome.problems
        failure = ET.SubElement(case, "failure", {"message": problems[0].message})
        failure.text = "\n".join(str(one) for one in problems)
