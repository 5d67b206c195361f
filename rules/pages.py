"""A page about each pack, made from it: what is due, when, who hears of it, where it is written, worked examples."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, time
from pathlib import Path

from commitments.model.commitment import Citation, Event, Force
from commitments.model.dates import Window
from rules.calendars.calendar import CalendarData, Span
from rules.conditions.condition import ALWAYS, describe
from rules.counting.due import Due, Short
from rules.counting.period import Period
from rules.counting.terms import Term
from rules.pack.book import LoadedPack, RuleBook
from rules.pack.consequence import FollowUp, GroupEscalation, Inhibition
from rules.pack.pack import (
    Cycle,
    Derived,
    Ladder,
    Overdue,
    Pack,
    Rule,
)
from rules.pack.situation import Expectation, Situation

MADE = "<!-- Made from the pack by `gestand docs`: change the pack, then run it again. -->"


def texts(book: RuleBook) -> Iterator[tuple[str, str]]:
    """Every page as the file that it is kept in: its name and its text; the first lists the others."""
    yield "README.md", _joined(_index(book.packs))
    for loaded in book.packs:
        yield f"{loaded.pack.pack}.md", _joined(page(loaded))


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def _index(packs: Sequence[LoadedPack]) -> Iterator[str]:
    yield from ("# Packs", "", MADE, "")
    rows = [
        (f"[{one.pack.pack}]({one.pack.pack}.md)", one.pack.title, str(len(one.pack.rules)), str(len(one.pack.cycles)))
        for one in packs
    ]
    yield from _table(("pack", "what it is about", "rules", "cycles"), rows)


def page(loaded: LoadedPack) -> Iterator[str]:
    """The lines of the page about a pack."""
    pack = loaded.pack
    yield from (f"# {pack.title}", "", MADE, "")
    version = f", version {pack.version}" if pack.version else ""
    yield f"Pack `{pack.pack}`{version}, in `{Path(loaded.file).name}`; a day begins and ends in {pack.timezone}."
    if pack.rules:
        rows = [(f"[{rule.id}](#{rule.id})", rule.title, _due(rule.due)) for rule in pack.rules]
        yield from ("", *_table(("rule", "what", "due"), rows))
    for rule in pack.rules:
        yield from _rule(rule, pack)
    for cycle in pack.cycles:
        yield from _cycle(cycle, pack)
    yield from _consequences(pack)
    if pack.terms:
        yield from ("", "## What words mean", "")
        yield from _table(("words", "meaning"), [(f"“{words}”", _term(term)) for words, term in pack.terms.items()])


def _rule(rule: Rule, pack: Pack) -> Iterator[str]:
    yield from ("", f"## {rule.id}", "", f"{rule.title}.", "")
    yield f"- **Which:** {_of(rule)}"
    yield f"- **When:** {_due(rule.due)}"
    if rule.extension is not None:
        yield f"- **More time:** {_extension(rule)}"
    if rule.force is not None:
        yield f"- **Force:** {rule.force}"
    if rule.model_fields_set & {"valid"}:
        yield f"- **Law:** {rule.valid}"
    if rule.exception_of is not None:
        yield f"- **Comes before:** [{rule.exception_of}](#{rule.exception_of})"
    yield f"- **Who hears:** {_ladder(rule.notices or pack.notices, rule.force)}"
    yield from (f"- **Told with it ({language}):** {text}" for language, text in rule.message.items())
    yield from _source(rule.source)
    if rule.tests:
        yield from ("", "### Worked examples", "")
        rows = [row for situation in rule.tests for row in _example(situation)]
        yield from _table(("example", "given", "on", "then"), rows)


def _of(rule: Rule) -> str:
    left_out = f"; not where {describe(rule.unless)}" if rule.unless else ""
    which = "all commitments" if rule.when == ALWAYS else f"commitments of which {describe(rule.when)}"
    return f"{which}{left_out}"


def _extension(rule: Rule) -> str:
    extension = rule.extension
    if extension is None:
        return ""
    base = {"due": "the deadline", "event": "the notice"}.get(extension.base, f"the date of {extension.base}")
    times = "once" if extension.at_most == 1 else f"at most {extension.at_most} times"
    early = ", if it comes before the deadline has passed" if extension.before_expiry else ""
    return f"a delay notice gives {extension.period} from {base}, {times}{early}"


def _source(source: Citation) -> Iterator[str]:
    if str(source) or source.url:
        link = f" (<{source.url}>)" if source.url else ""
        yield f"- **Source:** {source}{link}"
    if source.quote:
        yield f"- **In its words:** “{source.quote}”"


# ------------------------------------------------------------------------------------------------- how it is counted

_SAID = frozenset({"stated", "period", "after", "before"})
_SWITCHES = {
    "roll": "from a day off it moves ({})",
    "calendar": "days off by {}",
    "minimum": "with at least {} in it",
    "minimum_if": "but only of {} or more",
    "suspend": "the days of {} are left out",
    "cutoff": "what comes after {} counts as of the next day",
    "at": "at {}",
    "cap": "at the latest {}",
    "floor": "at the earliest {}",
    "timezone": "in the time of {}",
}
"""How each switch of counting is told."""
_VALUES = {
    ("counting", "exclude_trigger"): "the first day does not count",
    ("counting", "include_trigger"): "the first day counts",
    ("counting", "clear"): "in clear days",
    ("month_end", "clamp"): "where a month lacks the day, its last day",
    ("month_end", "next_day"): "where a month lacks the day, the first of the next",
    ("month_end", "sticky"): "from the last day of a month to the last day of a month",
    ("month_end", "refuse"): "not known where a month lacks the day",
    ("roll", "none"): "it stays on a day off",
    ("roll", "following"): "from a day off it moves to the next working day",
    ("roll", "preceding"): "from a day off it moves to the working day before",
    ("suspend_mode", "skip"): "day by day",
    ("suspend_mode", "extend"): "by adding them at the end",
    ("anchor_roll", "none"): "counted from a day off as from any other",
    ("anchor_roll", "following"): "counted from the next working day, where it begins on a day off",
    ("until", "inclusive"): "that day included",
    ("until", "exclusive"): "before that day",
}
"""And each choice that has words of its own."""


def _due(due: Due) -> str:
    if due.stated:
        return "on the date that the commitment itself names"
    given = [name for name in type(due).model_fields if name in due.model_fields_set - _SAID]
    return "; ".join([_counted(due), *(_switch(name, _shown(getattr(due, name))) for name in given)])


def _switch(name: str, value: str) -> str:
    return _VALUES.get((name, value)) or _SWITCHES.get(name, f"{name}: {{}}").format(value)


def _counted(due: Due) -> str:
    if [period.count for period in due.periods] == [0]:
        return f"on the date of {_shown(due.origin)}"
    side = "after" if due.before is None else "before"
    counted = " and then ".join(str(item.period) + (f" (roll {item.roll})" if item.roll else "") for item in due.period)
    return f"{counted} {side} {_shown(due.origin)}"


def _shown(value: object) -> str:
    if isinstance(value, CalendarData):
        return "a calendar of its own"
    if isinstance(value, Span):
        ends = dict.fromkeys((_end(value.start), _end(value.end)))
        return " to ".join(ends)
    if isinstance(value, time):
        return f"{value:%H:%M}"
    if isinstance(value, Short):
        return f"up to {value.up_to}, in {value.count}"
    if isinstance(value, tuple):
        return ", ".join(_shown(one) for one in value)
    return str(value)


def _end(day: date | tuple[int, int]) -> str:
    """A day as it is written: in full, or month and day where it is of every year."""
    return f"{day[0]:02}-{day[1]:02}" if isinstance(day, tuple) else str(day)


def _term(term: Term) -> str:
    said = term.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return ", ".join(f"{name}: {value}" for name, value in said.items())


# ------------------------------------------------------------------------------------------------- who hears of it


def _ladder(ladder: Ladder, force: Force | None = None) -> str:
    """Everyone who is told, and when; of what is only awaited, nobody that it is late."""
    said = [f"{item.at} ({item.to})" for item in ladder.remind]
    if force is not None and not force.can_be_overdue:
        return "; ".join(said) or "nobody"
    if ladder.overdue is not None:
        said.append(f"when overdue {_overdue(ladder.overdue)}")
    said += [f"escalation {item.at} ({item.to})" for item in ladder.escalate]
    return "; ".join(said) or "nobody"


def _overdue(overdue: Overdue) -> str:
    again = f", then every {_each(overdue.every)}, at most {overdue.at_most} times" if overdue.every else ""
    return f"{overdue.first}{again} ({overdue.to})"


def _each(period: Period) -> str:
    return str(period.unit) if period.count == 1 else str(period)


# ------------------------------------------------------------------------------------------------- what comes round


def _cycle(cycle: Cycle, pack: Pack) -> Iterator[str]:
    promise = cycle.commitment
    yield from ("", f"## {cycle.id}", "", f"{cycle.title}.", "")
    yield f"- **Which:** a {promise.kind} that {_parties(promise.by)} owes {_parties(promise.to)} ({promise.force})"
    yield f"- **When:** {_rhythm(cycle)}, from {cycle.first} on{_precision(cycle.precision)}"
    yield from _known(cycle.known)
    yield f"- **Who hears:** {_ladder(cycle.notices or pack.notices, promise.force)}"
    yield from _source(cycle.source)
    for derived in cycle.derived:
        yield from _derived(derived, cycle, pack)


def _rhythm(cycle: Cycle) -> str:
    return f"every {_each(cycle.every)}" if cycle.every is not None else f"by the recurrence {cycle.rrule}"


def _precision(precision: str) -> str:
    return "" if precision == "day" else f"; of a date that is only counted, the {precision} is relied on"


def _known(known: Mapping[str, Window]) -> Iterator[str]:
    if known:
        yield f"- **Known:** {', '.join(f'{label}: {window}' for label, window in known.items())}"


def _derived(derived: Derived, cycle: Cycle, pack: Pack) -> Iterator[str]:
    promise = cycle.commitment
    yield from ("", f"### {cycle.id}-{derived.id}", "", f"{derived.title}.", "")
    by, to = derived.by or promise.by, derived.to or promise.to
    kind, force = derived.kind or promise.kind, derived.force or promise.force
    yield f"- **Which:** a {kind} that {_parties(by)} owes {_parties(to)} ({force})"
    if derived.due is not None:
        yield f"- **When:** {_due(derived.due)}"
    elif derived.at is not None:
        yield f"- **When:** {derived.at.point} {derived.at.of}{_precision(derived.precision)}"
    yield from _known(derived.known)
    yield f"- **Who hears:** {_ladder(derived.notices or pack.notices, force)}"
    yield from _source(derived.source)


def _parties(parties: tuple[str, ...]) -> str:
    return ", ".join(parties)


# ------------------------------------------------------------------------------------------ what one means for others


def _consequences(pack: Pack) -> Iterator[str]:
    said = [
        *((_follow_up(one), one.source) for one in pack.follow_up),
        *((_inhibition(one), one.source) for one in pack.inhibit),
        *((_escalation(one), one.source) for one in pack.escalate),
    ]
    if said:
        yield from ("", "## What one means for others", "")
    for sentence, source in said:
        yield f"- {sentence}{_quoted(source)}"


def _follow_up(one: FollowUp) -> str:
    event = one.on.replace("_", " ")
    return f"**{one.id}:** when a commitment of which {describe(one.when)} is {event}, a {one.makes.kind} is owed"


def _inhibition(one: Inhibition) -> str:
    return f"While {describe(one.when)}, nobody is told of its {one.mute}"


def _escalation(one: GroupEscalation) -> str:
    within = f" within {one.within}" if one.within else ""
    return f"When {one.at_least} with the same {one.same} are such that {describe(one.when)}{within}: {one.to}"


def _quoted(source: Citation) -> str:
    words = f": “{source.quote}”" if source.quote else ""
    return f" ({source}{words})" if str(source) else ""


# ------------------------------------------------------------------------------------------------- examples


def _example(situation: Situation) -> Iterator[tuple[str, ...]]:
    """The rows of an example: a day in each, what is given in the first only."""
    gap = f" (known gap: {situation.todo})" if situation.todo else ""
    told = [_words(situation.given), *(_event(one.event) for one in situation.events)]
    first = (f"{situation.name}{gap}", "; ".join(told))
    for day, then in _days(situation):
        yield (*first, str(day or ""), then)
        first = ("", "")


def _event(event: Event) -> str:
    return f"{event.kind.replace('_', ' ')} on {event.occurred_on}{f', to {event.date}' if event.date else ''}"


def _days(situation: Situation) -> Iterator[tuple[date | None, str]]:
    if situation.expect.model_fields_set:
        yield None, _expected(situation.expect)
    for day, expected in sorted(situation.timeline.items()):
        yield day, _expected(expected)
    if situation.fulfilled is not None:
        yield situation.fulfilled.on, _settled(situation.fulfilled.expect)


def _settled(expected: Expectation) -> str:
    """What came of it; that it was fulfilled is said by the status, where that is told."""
    return _expected(expected) if expected.status else f"fulfilled: {_expected(expected)}"


def _expected(expected: Expectation) -> str:
    said = {name: getattr(expected, name) for name in Expectation.model_fields if name in expected.model_fields_set}
    return ", ".join(_SENTENCES[name](value) for name, value in said.items())


def _words(given: Mapping[str, object]) -> str:
    return ", ".join(f"{name}: {_plain(value)}" for name, value in given.items())


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return _words(value)
    return ", ".join(_plain(one) for one in value) if isinstance(value, list) else str(value)


def _notices(stages: tuple[str, ...]) -> str:
    return f"notices: {', '.join(stages) or 'none'}"


def _late(days: int) -> str:
    noun = "day" if abs(days) == 1 else "days"
    return f"{abs(days)} {noun} {'late' if days >= 0 else 'early'}"


def _mail(mail: Mapping[str, tuple[str, ...]]) -> str:
    return "; ".join(f"mail ({language}): “{' … '.join(words)}”" for language, words in mail.items())


_SENTENCES = {
    "due": lambda window: f"due {window or 'at no date'}",
    "original": lambda window: f"originally due {window or 'at no date'}",
    "status": lambda status: status.replace("_", " "),
    "notices": _notices,
    "days_late": _late,
    "applies": lambda applies: "the rule applies" if applies else "the rule does not apply",
    "mail": _mail,
}
"""How each field of an expectation is told."""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    yield _row(head)
    yield f"|{'---|' * len(head)}"
    yield from (_row(row) for row in rows)


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(map(_cell, cells))} |"


def _cell(text: str) -> str:
    return " ".join(text.replace("|", r"\|").split())
