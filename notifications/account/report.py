"""An account set out as a page: what was found, in figures, by groups, over time, and every list behind them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Final

from commitments.audit.account import Account
from commitments.audit.figures import Tally
from commitments.audit.groupings import PERIODS
from commitments.audit.lines import OPEN_ORDER, SETTLED_ORDER
from commitments.audit.problems import Problems
from commitments.audit.rappel import Round
from notifications.account.chasing import (
    Changed,
    changes_part,
    doubts_part,
    round_parts,
)
from notifications.account.page import Page, Section, linked
from notifications.account.rows import definitions, lists_part, rows_part
from notifications.account.sections import (
    figures_part,
    group_part,
    lateness_part,
    time_part,
)
from notifications.account.wording import (
    grouped,
    number,
    percent,
    spoken,
)

_HOW_COUNTED: Final = (
    "Days late count from the last day in time. A commitment of several parties counts with each of them, "
    "and once in the whole."
)


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that an account tells: the figures, and where they were asked for, a rappel round and what changed since."""

    account: Account
    problems: Problems
    round: Round | None = None
    since: date | None = None
    changes: tuple[Changed, ...] = ()
    title: str = ""


def page(report: Report) -> Page:
    """The report as a page."""
    account = report.account
    made = report.round
    title = f"Rappel of {spoken(made.cutoff)}" if made else "Fulfilled against pending"
    return linked(
        Page(
            title=report.title or title,
            period=period(account),
            summary=tuple(findings(report)),
            sections=tuple(_sections(report)),
            foot=(
                f"Ledger head {account.head}.",
                _HOW_COUNTED,
            ),
        )
    )


def period(account: Account) -> str:
    """Of when the account is, and of what: as of a day, of what falls due from one year to another."""
    parts = [f"As of {spoken(account.as_of)}"]
    if account.known:
        parts.append(f"as known at {account.known}")
    names = [name for name in account.groups[account.period] if name[:1].isdigit()]
    if names:
        parts.append(f"deadlines of {names[0]}" + (f" to {names[-1]}" if len(names) > 1 else ""))
    return ", ".join([*parts, *([account.narrowed] if account.narrowed else [])])


# ------------------------------------------------------------------------------------------------- what was found


def summary(account: Account) -> str:
    """The account in a sentence or two."""
    whole = account.whole
    if not whole["all"]:
        return "There are no commitments in this account."
    told = f"{number(whole['all'], 'commitment')}: {_kept(whole)}, {_open(whole)}."
    spread = whole.spread
    if spread is None:
        return told
    worst = f", {number(spread.worst, 'day')} at worst" if whole["late"] > 1 else ""
    return f"{told} What came late came {number(spread.median, 'day')} late in the median{worst}."


def _kept(whole: Tally) -> str:
    words = (("in_time", "in time"), ("late", "late"), ("untimed", "with no deadline that binds"))
    parts = ", ".join(f"{grouped(whole[name])} {word}" for name, word in words if whole[name])
    return f"{grouped(whole['fulfilled'])} fulfilled ({parts})" if parts else "none fulfilled"


def _open(whole: Tally) -> str:
    if not whole["open"]:
        return "none open"
    overdue = f"of which {grouped(whole['overdue'])} overdue" if whole["overdue"] else "none of them overdue"
    return f"{grouped(whole['open'])} open, {overdue}"


def findings(report: Report) -> Iterator[str]:
    """What was found, a sentence or two each."""
    account = report.account
    yield summary(account)
    whole = account.whole
    if whole.on_time_rate is not None:
        yield (
            f"Of the {grouped(whole['in_time'] + whole['late'] + whole['overdue'])} whose deadline has come, "
            f"{percent(whole.on_time_rate)} were fulfilled in time."
        )
    if report.round:
        yield _round_found(report.round)
    if report.problems.total:
        named = ", ".join(f"{grouped(count)} × {doubt}" for doubt, count in report.problems.counts.items())
        yield f"Doubtful in what is recorded: {named}."


def _round_found(found: Round) -> str:
    undated = f" Open without a date: {grouped(len(found.undated))}." if found.undated else ""
    decided = grouped(sum(len(meeting.outcomes) for meeting in found.meetings))
    meetings = f" In {number(len(found.meetings), 'meeting')} {decided} were decided on." if found.meetings else ""
    lapsed = number(len(found.lapsed), "open commitment") if found.lapsed else "no open commitment"
    ahead = grouped(len(found.ahead)) if found.ahead else "none"
    return (
        f"By {spoken(found.cutoff)} the term of {lapsed} had lapsed; by {spoken(found.next)} that of {ahead} "
        f"lapses.{undated}{meetings}"
    )


# ------------------------------------------------------------------------------------------------- the sections


def _sections(report: Report) -> Iterator[Section]:
    account = report.account
    if report.round:
        yield from round_parts(report.round)
    if not account.whole["all"]:
        return
    yield figures_part(account)
    yield lateness_part(account)
    short = account.whole["all"] <= _SHORT
    if short:
        yield from _listed(account)
    yield time_part(account)
    for grouping in account.groups:
        if grouping.name not in PERIODS and account.groups[grouping]:
            yield group_part(account, grouping)
    if report.since:
        yield changes_part(report.since, account.as_of, report.changes)
    yield doubts_part(report.problems)
    if not short:
        yield from _listed(account)
    yield definitions(account)
    if account.whole.first:
        yield lists_part(account)


_SHORT: Final = 50
"""So few commitments are listed before the figures of their groups."""


def _listed(account: Account) -> Iterator[Section]:
    yield rows_part(account, "open", "Open", OPEN_ORDER)
    yield rows_part(account, "settled", "Settled", SETTLED_ORDER)
