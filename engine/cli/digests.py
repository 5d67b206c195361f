"""The commands about digests: those that were made, those that would be, who hears of what, and a test."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import click

from commitments.ledger.holding import HeldError, held_line
from commitments.trouble import TroubleError
from engine.cli.output import Day, hand_over, number, say, table, workspace_option, write_json
from engine.cli.reading import find, json_option
from engine.digests.audience import Hearing, hearings
from engine.digests.build import shown, tested
from engine.digests.log import served
from engine.digests.pending import Desk
from engine.digests.slots import coming_slots, reader
from engine.passes.run import preview, waiting
from engine.session import Session, open_session
from engine.workspace.recipients import Recipient
from notifications.outbox.outbox import valid
from notifications.transports.deliverer import DeliveryError
from rules.calendars.calendar import spoken

SLOTS = 6
recipient_option = click.option("--recipient", metavar="ADDRESS", help="Only this recipient's.")


class NotSentError(TroubleError):
    """A test that did not go."""

    def __init__(self, address: str, reason: str) -> None:
        super().__init__(f"the test to {address} was not taken: {reason}")


@click.group("digest")
def digest_command() -> None:
    """See the digests that were made, those that would be, who hears of what, and try the mail."""


def _recipients(session: Session, address: str | None) -> tuple[Recipient, ...]:
    """The recipients of the settings, or the one with that address."""
    everybody = session.workspace.settings.hearers
    found = tuple(one for one in everybody if address is None or one.address.lower() == address.lower())
    if not found:
        known = ", ".join(one.address for one in everybody) or "none"
        raise click.UsageError(f"no recipient {address or ''}; those in gestand.yaml are {known}".replace("  ", " "))
    return found


# ------------------------------------------------------------------------------------------------- list


@digest_command.command("list")
@workspace_option
@recipient_option
@json_option
def digest_list_command(folder: Path, recipient: str | None, as_json: bool) -> None:
    """List the digests made so far, and what became of each."""
    with open_session(folder) as session, session.store.reading() as tx:
        rows = served(tx, recipient)
    if as_json:
        write_json([{"slot": row.slot, "recipient": row.recipient, "state": _state(row)} for row in rows])
    elif rows:
        lines = [(_slot(row.slot), row.recipient, _state(row)) for row in rows]
        table(("slot (UTC)", "recipient", "state"), lines, wide="state")
    else:
        whose = f" for {recipient}" if recipient else ""
        say(f"no digest was made{whose} yet; `gestand tick` makes those that are due")


def _slot(text: str) -> str:
    return text[:16].replace("T", " ")


def _state(row: Any) -> str:  # noqa: ANN401 (a row has no type of its own)
    if row.state in {"superseded", "dropped"}:
        return f"{row.state}: {row.reason}"
    if row.sent is None:
        return str(row.reason or row.state)
    return f"{row.sent}: {row.last_error}" if row.last_error else str(row.sent)


# ------------------------------------------------------------------------------------------------- preview, next


@digest_command.command("preview")
@workspace_option
@recipient_option
@click.option("--html", "as_html", is_flag=True, help="The HTML form.")
@click.option("--on", "--as-of", "day", type=Day(), metavar="DATE", help="As of eight in the morning of that day.")
def digest_preview_command(folder: Path, recipient: str | None, as_html: bool, day: date | None) -> None:
    """Show the digest that would be made now. Nothing is sent, nothing is written down."""
    with open_session(folder) as session:
        chosen = {one.address for one in _recipients(session, recipient)}
        now = session.morning(day) if day else session.now()
        made = preview(session.store, session.workspace, session.assessor, now=now)
    for who, digest in made:
        if who.address not in chosen:
            continue
        if digest is None:
            say(f"nothing to say to {who.name} <{who.address}>")
            continue
        seen = shown(session.workspace, who, digest)
        if seen.trouble:
            say(f"gestand: shown in our form, for a template has a mistake: {seen.trouble}", err=True)
        hand_over(f"{seen.html}\n" if as_html else f"{seen.subject}\n\n{seen.text}\n")


@digest_command.command("next")
@workspace_option
@recipient_option
@json_option
def digest_next_command(folder: Path, recipient: str | None, as_json: bool) -> None:
    """Say when the next digests are due, and how much waits for them."""
    with open_session(folder) as session:
        now, held = session.now(), session.held()
        counts = waiting(session.store, session.workspace, session.assessor, now=now)
        found = [
            (one, counts[one.address], _local(session, one, coming_slots(session.workspace, one, now, SLOTS)))
            for one in _recipients(session, recipient)
        ]
    if as_json:
        write_json([_next_json(*line) for line in found])
        return
    if held:
        say(held_line(held))
    for one, (due, back), slots in found:
        held_back = f", {back} held back" if back else ""
        say(f"{one.name} <{one.address}>: {one.cadence}{_besides(one)}; {due} to be told{held_back}")
        for slot in slots:
            say(f"  {spoken(slot.date())} {slot:%H:%M}")
        if not slots:
            say("  never: every day is quiet")


def _besides(one: Recipient) -> str:
    at_once = f", at once: {', '.join(one.immediately)}" if one.immediately else ""
    return at_once + (f", quiet: {', '.join(one.quiet)}" if one.quiet else "")


def _local(session: Session, one: Recipient, slots: Iterable[datetime]) -> list[datetime]:
    zone = ZoneInfo(reader(session.workspace, one).timezone)
    return [slot.astimezone(zone) for slot in slots]


def _next_json(one: Recipient, counts: tuple[int, int], slots: list[datetime]) -> dict[str, Any]:
    return {
        "recipient": one.address,
        "cadence": str(one.cadence),
        "to_be_told": counts[0],
        "held_back": counts[1],
        "slots": [slot.isoformat() for slot in slots],
    }


# ------------------------------------------------------------------------------------------------- who


@digest_command.command("who")
@workspace_option
@click.argument("identifier", metavar="ID")
@json_option
def digest_who_command(folder: Path, identifier: str, as_json: bool) -> None:
    """Say who hears of a commitment, and who does not, and why."""
    with open_session(folder) as session:
        record = find(session, identifier)
        desk = Desk(session.assessor, session.now())
        with session.store.reading() as tx:
            found = list(hearings(tx, session.workspace, desk, record))
    if as_json:
        write_json([_hearing_json(one) for one in found])
        return
    if not found:
        say("nobody: there are no recipients in gestand.yaml")
    for one in found:
        verb = "hears of it" if one.hears else "does not hear of it"
        when = f"; next digest {one.next_slot:%Y-%m-%d %H:%M} UTC" if one.next_slot else ""
        say(f"{one.recipient.name} <{one.recipient.address}> {verb}{when}")
        for why in one.why:
            say(f"  {why}")


def _hearing_json(one: Hearing) -> dict[str, Any]:
    slot = one.next_slot.isoformat() if one.next_slot else None
    return {"recipient": one.recipient.address, "hears": one.hears, "why": list(one.why), "next_slot": slot}


# ------------------------------------------------------------------------------------------------- test-send


@digest_command.command("test-send")
@workspace_option
@recipient_option
@click.option("--to", "address", metavar="ADDRESS", help="Send it there; to the recipient without it.")
def digest_test_command(folder: Path, recipient: str | None, address: str | None) -> None:
    """Send a test at once, by the way that digests go. It is marked as a test, and nobody counts as told by it."""
    if address is not None and not valid(address):
        raise click.BadParameter(f"{address!r} is not a mail address", param_hint="--to")
    with open_session(folder) as session:
        if reason := session.held():
            raise HeldError(reason)
        everybody = [one for one in _recipients(session, recipient) if valid(one.address)]
        chosen = everybody[:1] if address else everybody
        for one in chosen:
            there = address or one.address
            body = tested(session.workspace, one, there, session.now())
            try:
                with session.deliverer.line() as line:
                    line.send(session.workspace.settings.mail.sender.address, there, body)
            except DeliveryError as error:
                raise NotSentError(there, str(error)) from error
            say(f"a test was sent to {there}")
    if session.workspace.settings.mail.deliver == "folder":
        say(f"it is in {session.workspace.outbox}, with {number(len(chosen), 'file')} of each form")
