"""The tests that packs carry, run: a commitment in a few words, lived through day by day, against what is expected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from commitments.model.commitment import Event, EventKind
from commitments.model.record import Record, Recorded
from commitments.reading.problem import Path
from engine.assessment.assess import Assessment, Assessor
from engine.digests.pending import as_item
from notifications.content.digest import Reader, compose
from notifications.content.languages import LANGUAGES
from notifications.content.notice import Notice
from notifications.content.render import render
from rules.pack.situation import Expectation, Situation

NOTHING = "none"


@dataclass(frozen=True)
class Difference:
    """Something a test expected and did not get, on a day of its timeline (None: in its first line).

    `path` leads from the test to the value that was expected.
    """

    rule: str
    test: str
    on: date | None
    path: Path
    field: str
    wanted: str
    got: str

    def __str__(self) -> str:
        when = f" on {self.on}" if self.on else ""
        return f"{self.rule}: {self.test}{when}: {self.field} should be {self.wanted}, and is {self.got}"


@dataclass(frozen=True)
class _Look:
    """A day on which a test looks: what it expects (found at `path`), and what has happened by then."""

    day: date
    expected: Expectation
    path: Path
    events: tuple[Event, ...]

    @property
    def named(self) -> date | None:
        """The day, where the test names it."""
        return None if self.path == ("expect",) else self.day


def differences(assessor: Assessor, rule: str, situation: Situation) -> Iterator[Difference]:
    """Everything that a test of a rule expected and did not get."""
    for look in _looks(situation):
        sight = _Sight(assessor, rule, assessor.on(_record(situation, look.events), look.day))
        for path, wanted, got in _compared(sight, look.expected):
            if wanted != got:
                way = (*look.path, *path)
                yield Difference(rule, situation.name, look.named, way, " ".join(path), wanted, got)


def first_record(situation: Situation) -> Record:
    """The commitment of a test as it stands in the register when it is made."""
    return _record(situation, ())


def _looks(situation: Situation) -> Iterator[_Look]:
    """Each day that is looked at, in order."""
    events = tuple(written.event for written in situation.events)
    yield _Look(_made(situation), situation.expect, ("expect",), events)
    for day, expected in sorted(situation.timeline.items()):
        yield _Look(day, expected, ("timeline", day.isoformat()), events)
    if situation.fulfilled is not None:
        day = situation.fulfilled.on
        settled = Event(kind=EventKind.FULFILLED, occurred_on=day)
        yield _Look(day, situation.fulfilled.expect, ("fulfilled", "expect"), (*events, settled))


def _made(situation: Situation) -> date:
    """The day of the promise, or of the first date that is known."""
    known = [window.earliest for window in situation.commitment.anchors.values()]
    return situation.commitment.made or min(known, default=date.min)


def _record(situation: Situation, events: Iterable[Event]) -> Record:
    """The commitment and what befell it, each learnt of on the morning after it happened."""
    first = _made(situation)
    made = Event(kind=EventKind.MADE, occurred_on=first, commitment=situation.commitment)
    return Record(
        tuple(
            Recorded(event=event, seq=place, recorded_at=_morning_after(max(first, event.occurred_on)), actor="test")
            for place, event in enumerate((made, *events), start=1)
        )
    )


def _morning_after(day: date) -> datetime:
    return datetime.combine(day, time(8), UTC) + timedelta(days=1)


# ------------------------------------------------------------------------------------------------- comparing


@dataclass(frozen=True)
class _Sight:
    """What there is to see of a commitment on a day; nothing, where it had not been made."""

    assessor: Assessor
    rule: str
    assessment: Assessment | None

    @cached_property
    def notices(self) -> list[Notice]:
        """The notices that fall on the very day."""
        found = self.assessment
        return [notice for notice in found.notices if notice.day == found.today] if found else []

    def field(self, name: str) -> str:
        """What a field is, as people read it."""
        if self.assessment is None:
            return "nothing yet: the commitment was made later"
        standing = self.assessment.standing
        if name == "applies":
            return str(self._applies(self.assessment)).lower()
        if name == "notices":
            return _listed(notice.stage.value for notice in self.notices)
        found = {
            "due": standing.current,
            "original": standing.original,
            "status": standing.status.value,
            "days_late": standing.days_late_current,
        }
        return _shown(found[name])

    def _applies(self, assessment: Assessment) -> bool:
        """Whether the rule is of the commitment: by a deadline that it counts, or by what it says of a stated one."""
        if self.assessor.book.rules[self.rule].rule.due.stated:
            return self.rule in self.assessor.applying(assessment.record)
        return any(one.rule == self.rule for one in assessment.obligations)

    def mail(self, language: str) -> str:
        """The text of the mail of the day, in one line, empty where there is none."""
        if self.assessment is None:
            return ""
        if language not in LANGUAGES:
            return f"there are no words in {language}; there are {', '.join(LANGUAGES)}"
        book = self.assessor.book
        zone = book.rules[self.rule].pack.timezone
        digest = compose(
            Reader(name="", address="", language=language, timezone=zone),
            [as_item(self.assessment, notice) for notice in self.notices],
            slot=datetime.combine(self.assessment.today, time(8), ZoneInfo(zone)),
            covers_from=None,
            head="",
            names=book.parties,
        )
        return _in_a_line(render(digest).text) if digest.sections else ""


def _compared(sight: _Sight, expected: Expectation) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """What is expected beside what is, field by field, both as people read them."""
    for name in sorted(expected.model_fields_set - {"mail"}):
        yield (name,), _wanted(name, expected), sight.field(name)
    for language, texts in expected.mail.items():
        mail = sight.mail(language)
        for text in texts:
            yield ("mail", language), text, text if _in_a_line(text) in mail else mail or NOTHING


def _wanted(name: str, expected: Expectation) -> str:
    value = getattr(expected, name)
    if name == "applies":
        return str(value).lower()
    return _listed(value) if name == "notices" else _shown(value)


def _shown(value: object) -> str:
    return NOTHING if value is None else str(value)


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words)) or NOTHING


def _in_a_line(text: str) -> str:
    """The words of a text, without what is drawn between them."""
    return " ".join(word for word in text.split() if word.strip("-="))
