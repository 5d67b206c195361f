"""The command that writes deadlines for calendar programs: feed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import click

from commitments.ledger import register
from commitments.ledger.moments import Known
from engine.assessment.assess import Assessment
from engine.calendars.feed import feed
from engine.cli.output import hand_out, workspace_option
from engine.cli.reading import filter_options, fits, opened, when, when_options
from engine.session import Session, audited
from engine.workspace.recipients import Recipient
from notifications.content.languages import LANGUAGES


@click.command("feed")
@workspace_option
@click.option("--recipient", "address", metavar="ADDRESS", help="What this recipient hears of, in their language.")
@click.option("--language", type=click.Choice(list(LANGUAGES)), help="The workspace's where it is left out.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@filter_options
@when_options
def feed_command(
    folder: Path,
    address: str | None,
    language: str | None,
    output: Path | None,
    as_of: date | None,
    known_at: date | None,
    **filters: Any,  # noqa: ANN401 - click hands on what `fits` takes
) -> None:
    """Write every deadline as an event and a to-do, for calendar programs (iCalendar).

    For all commitments, those that pass the filters, or those that a recipient hears of. Written again to the same
    place, it is a calendar to subscribe to: entries keep their names, and move when dates do.
    """
    with opened(folder) as session:
        recipient = _recipient(session, address) if address else None
        day, moment = when(session, as_of, known_at)
        chosen = _chosen(session, day, moment, recipient, filters)
        spoken = language or (recipient.language if recipient else None) or ""
        written = feed(session.workspace, chosen, day, spoken, session.assessor.setbacks)
    hand_out([written], output)


def _recipient(session: Session, address: str) -> Recipient:
    found = session.workspace.settings.recipient(address)
    if found is None:
        known = ", ".join(one.address for one in session.workspace.settings.recipients)
        raise click.UsageError(f"no recipient {address}; those in gestand.yaml are {known or 'none'}")
    return found


def _chosen(
    session: Session, day: date, moment: Known | None, recipient: Recipient | None, filters: dict[str, Any]
) -> Iterator[Assessment]:
    with session.store.reading() as tx:
        for record in register.records(tx):
            found = session.assessor.on(record, day, moment)
            if found is None or not fits(*audited([found]), **filters):
                continue
            if recipient is None or recipient.scope.covers(found.record.commitment):
                yield found
