"""The commands that keep the register: verify, erase."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import click

from commitments import erasure, ledger, register, store
from commitments.erasure import Erased
from commitments.ledger import Verdict
from engine.cli.completing import complete_ids
from engine.cli.output import EntryNumber, Failed, Words, actor_option, number, workspace_option
from engine.cli.reading import find
from engine.rebuilding import SHOWN, Deviation, compare
from engine.session import Session, open_session


@click.command("verify")
@workspace_option
@click.option("--anchor", metavar='"#SEQ HASH"', help="A ledger head, as printed in a digest: finds a cut-off tail.")
@click.option("--rebuild", is_flag=True, help="Make the projection anew in a trial too, and say what differs.")
@click.option("--mend", is_flag=True, help="Make the triggers of the ledger and the projection anew.")
def verify_command(folder: Path, anchor: str | None, rebuild: bool, mend: bool) -> None:
    """Check that nobody changed the ledger: every entry against its hash and the one before it, and its triggers.

    With --rebuild what lists and digests read, too: it must be what the ledger and the rules make of it.
    """
    with open_session(folder) as session:
        verdict = _checked(session, anchor)
        click.echo(str(verdict))
        found = [verdict.ok, _guarded(session), not rebuild or _as_rebuilt(session)]
        if mend and verdict.ok:
            _mend(session)
    if not (verdict.ok and (mend or all(found))):
        raise Failed


def _checked(session: Session, anchor: str | None) -> Verdict:
    """The verdict on the ledger; meanwhile a thread has the database check itself, and what that finds comes first."""
    with ThreadPoolExecutor(1) as pool:
        whole = pool.submit(session.store.check)
        try:
            with session.store.reading() as tx:
                return ledger.verify(register.lines(tx), anchor)
        finally:
            whole.result()


def _guarded(session: Session) -> bool:
    gone = session.store.unguarded()
    for name in gone:
        click.echo(f"the trigger {name} is gone or was changed: without it the ledger can be; --mend makes it anew")
    return not gone


def _as_rebuilt(session: Session) -> bool:
    with session.store.trial() as tx:
        found, deviations = compare(tx, session.workspace, session.assessor)
    if not found.differing:
        click.echo(f"the projection is what the ledger makes of it: {number(found.count, 'commitment')}")
        return True
    some = ", ".join(found.differing[:SHOWN]) + (" …" if len(found.differing) > SHOWN else "")
    count = number(len(found.differing), "commitment")
    click.echo(f"the projection is not what the ledger makes of it, for {count}: {some}; --mend makes it anew")
    for one in deviations:
        click.echo(f"  {one.id}  {_deviation(one)}")
    return False


def _deviation(one: Deviation) -> str:
    if not one.stored:
        return "is not there, though the ledger has it"
    if not one.rebuilt:
        return "is there, though no entry made it"
    return f"{one.column}: stored is {one.stored}, rebuilt {one.rebuilt}"


def _mend(session: Session) -> None:
    with session.store.writing() as tx:
        register.rebuild(tx)
        store.protect(tx)
    click.echo("made anew: the triggers and the projection; the next pass assesses everything")


@click.command("erase")
@workspace_option
@click.argument("identifier", metavar="ID", shell_complete=complete_ids, required=False)
@click.option("--entry", "numbers", type=EntryNumber(), multiple=True, metavar="'#SEQ'", help="Only this entry.")
@click.option("--silence", "silences", type=int, multiple=True, metavar="NUMBER", help="The reason of this silence.")
@click.option("--reason", type=Words(), required=True, help="Why, for the ledger; this text can be erased too.")
@actor_option
def erase_command(
    folder: Path,
    identifier: str | None,
    numbers: tuple[int, ...],
    silences: tuple[int, ...],
    reason: str,
    actor: str,
) -> None:
    """Erase texts from the ledger, such as the names of people: all those of a commitment, or of one entry.

    Dates, parties and where everything stands remain, and the ledger stays whole: only the texts are gone, for ever.
    docs/keeping.md says what else to think of.
    """
    if identifier is None and not numbers and not silences:
        raise click.UsageError("name a commitment, an entry with --entry, or a silence with --silence")
    with open_session(folder) as session:
        if identifier is not None:
            find(session, identifier)
        with session.store.writing() as tx:
            done = erasure.erase(tx, identifier, numbers, silences, reason=reason, at=session.now(), actor=actor)
        session.store.flush()
    _tell_erased(done)


def _tell_erased(done: Erased) -> None:
    entries = ", ".join(f"#{seq}" for seq in done.entries)
    click.echo(
        f"erased: the texts of {number(len(done.entries), 'entry', 'entries')}" + (f" ({entries})" if entries else "")
    )
    if done.messages:
        click.echo(f"  and of {number(done.messages, 'message')} in the outbox; what was sent stays where it was sent")
    if done.waiting:
        waits = "message waits" if done.waiting == 1 else "messages wait"
        click.echo(f"  {done.waiting} {waits} to be sent with them: erase again when that is done")
    for seq in done.kept:
        click.echo(f"  not those of #{seq}: an earlier version sealed them into the chain")
