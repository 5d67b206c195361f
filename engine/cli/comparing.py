"""The command that says what changed between two days: diff."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from commitments.audit import Audited
from commitments.ledger import register
from engine.answers.difference import (
    Change,
    Difference,
    When,
    differences,
    told,
)
from engine.cli.output import Day, PartyName, number, say, table, workspace_option, write_json
from engine.cli.reading import fits, json_option, known, known_at_option, opened, today
from engine.session import Session
from rules.calendars.calendar import spoken


@click.command("diff")
@workspace_option
@click.option("--from", "since", type=Day(), required=True, metavar="DATE", help="The end of this day is compared …")
@click.option("--to", "until", type=Day(), metavar="DATE", help="… with the end of this; today without it.")
@known_at_option
@click.option(
    "--as-seen", is_flag=True, help="Compare what was known at the end of each day, and not what is known now."
)
@click.option("--by", type=PartyName(), metavar="PARTY", help="Only what this party, or one below it, owes.")
@click.option("--owed-to", "to", type=PartyName(), metavar="PARTY",
              help="Only what is owed to this party, or one below it.")  # fmt: skip
@click.option("--kind", metavar="KIND", help="Only this kind: reply, undertaking, report…")
@json_option
def diff_command(
    folder: Path,
    since: date,
    until: date | None,
    known_at: date | None,
    as_seen: bool,
    as_json: bool,
    **filters: Any,  # noqa: ANN401 - click hands on what `fits` takes
) -> None:
    """Say what changed between two days: new, overdue, settled, moved, open again, undone.

    Both days are told as far as is known now, or was at --known-at; with --as-seen each as it was known at its end, so
    that what was written down late, or corrected, counts as a change too.
    """
    if as_seen and known_at:
        raise click.UsageError("--as-seen and --known-at say two things of what was known: use one")
    with opened(folder) as session:
        last = until or today(session)
        if last <= since:
            raise click.UsageError(f"--from {since} is not before {last}: compare an earlier day with a later one")
        moment = known(session, known_at)
        ends = [When(day=day, known=session.known(session.end(day)) if as_seen else moment) for day in (since, last)]
        found = [one for one in _found(session, *ends) if fits(Audited(one.commitment, one.after), **filters)]
    if as_json:
        write_json([as_plain(one) for one in found])
    elif found:
        _tell(found, since, last)
    else:
        say(f"nothing changed between {spoken(since)} and {spoken(last)}")


def _found(session: Session, first: When, last: When) -> list[Difference]:
    with session.store.reading() as tx:
        return list(differences(session.assessor, register.records(tx), first, last))


def _tell(found: Iterable[Difference], since: date, last: date) -> None:
    order = list(Change)
    ordered = sorted(found, key=lambda one: (order.index(one.change), one.commitment.id))
    say(f"from {spoken(since)} to {spoken(last)}: {number(len(ordered), 'change')}")
    for change, group in groupby(ordered, key=lambda one: one.change):
        rows = [(one.commitment.id, one.commitment.title, told(one)) for one in group]
        say("", f"{change} ({len(rows)})")
        table(("commitment", "title", "what"), rows, wide="title")


def as_plain(one: Difference) -> dict[str, object]:
    """A change as plain values."""
    before, after = one.moved
    event = one.entry.event if one.entry else None
    return {
        "change": one.change.value,
        "commitment": one.commitment.id,
        "title": one.commitment.title,
        "by": list(one.commitment.by),
        "to": list(one.commitment.to),
        "status_before": one.before.status.value if one.before else None,
        "status": one.after.status.value,
        "due_before": str(before) if before else None,
        "due": str(after) if after else None,
        "days_late": one.after.days_late_current,
        "on": event.occurred_on.isoformat() if event else None,
        "decided_by": event.decided_by if event else "",
        "document": event.document if event else "",
        "note": event.note if event else "",
        "ledger": one.entry.seq if one.entry else None,
    }
