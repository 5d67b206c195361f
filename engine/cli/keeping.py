"""The commands that keep the register: verify, erase."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from commitments.ledger.erasure import Erased
from engine.checking.replay import Compared, Deviation, NoPassError
from engine.checking.verify import Findings, verify
from engine.cli.completing import complete_ids
from engine.cli.output import EntryNumber, Failed, Words, actor_option, number, say, workspace_option
from engine.cli.witnessing import (
    anchors_json_option,
    anchors_option,
    certificates_option,
    heads_are_there,
    stamps_hold,
    telling,
)
from engine.recording.erase import erase
from engine.recording.rebuild import rebuild
from engine.session import Session, open_session


@click.command("verify")
@workspace_option
@click.option("--anchor", metavar='"#SEQ HASH"', help="A ledger head, as printed in a digest: finds a cut-off tail.")
@anchors_option
@certificates_option
@click.option("--chain", "chain_only", is_flag=True, help="Check the hashes, the order and the triggers, no more.")
@click.option(
    "--rebuild", is_flag=True, help="Refuse where no pass was made, so that all of the projection is compared."
)
@click.option("--mend", is_flag=True, help="Make the triggers of the ledger and the projection anew.")
@anchors_json_option
def verify_command(
    folder: Path,
    anchor: str | None,
    anchors: Path | None,
    certificates: Path | None,
    as_json: bool,
    **asked: bool,
) -> None:
    """Check that nobody changed the ledger, nor what was made of it.

    Every entry is checked against its hash and the one before it, that it is not earlier, and that it can be read; the
    time stamps of `gestand witness`; the triggers; the messages, against what was sealed of them; and the projection,
    which lists and digests read, against a replay of the ledger. With --anchors so are the heads in all digests that
    were kept.
    """
    with open_session(folder) as session, telling(anchors, as_json=as_json) as told:
        found = verify(session.store, session.workspace, session.assessor, anchor, chain_only=asked["chain_only"])
        if asked["rebuild"] and found.compared is not None and not found.compared.standing:
            raise NoPassError
        for sentence in _sentences(found):
            say(sentence)
        if found.broken:
            say(f"gestand: {found.broken}", err=True)
        witnessed = [
            stamps_hold(session, found.verdict, certificates),
            heads_are_there(session, found.verdict, anchors, told),
        ]
        if asked["mend"] and found.verdict.ok:
            _mend(session, found)
    if not (found.kept and all(witnessed) and (asked["mend"] or found.well)):
        raise Failed


def _sentences(found: Findings) -> Iterator[str]:
    yield str(found.verdict)
    yield from found.verdict.remarks
    yield from (str(one) for one in found.damage)
    if found.unshown:
        yield f"and {number(found.unshown, 'entry', 'entries')} more"
    if not found.clocks_known:
        yield f"the list of entries that say the clock was wrong is not that of the ledger{_MENDED}"
    for name in found.unguarded:
        yield f"the trigger {name} is gone or was changed: without it the ledger can be; --mend makes it anew"
    for stranger in found.strangers:
        yield f"the {stranger.kind} {stranger.name} at the table {stranger.table} is not ours; --mend takes it away"
    yield from (f"{misfit}{_MENDED if misfit.table == 'commitment' else ''}" for misfit in found.misfits)
    yield from found.messages
    if found.compared is not None:
        yield from _comparison(found.compared)


_MENDED = "; --mend makes it anew"


def _comparison(found: Compared) -> Iterator[str]:
    if not found.differing:
        yield f"the projection is what the ledger makes of it: {number(found.count, 'commitment')}"
    else:
        yield f"{found}{_MENDED}"
        yield from (f"  {one.id}  {_deviation(one)}" for one in found.deviations)
    if not found.standing:
        yield "where commitments stand was not compared: no pass has been made under the rules in use; run gestand tick"


def _deviation(one: Deviation) -> str:
    if not one.stored:
        return "is not there, though the ledger has it"
    if not one.rebuilt:
        return "is there, though no entry made it"
    return f"{one.column}: stored is {one.stored}, rebuilt {one.rebuilt}"


def _mend(session: Session, found: Findings) -> None:
    rebuild(session, found)
    say("made anew: the triggers and the projection; the next pass assesses everything")


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
        done = erase(session, identifier, numbers, silences, reason=reason, actor=actor)
    _tell_erased(done)


def _tell_erased(done: Erased) -> None:
    entries = ", ".join(f"#{seq}" for seq in done.entries)
    say(f"erased: the texts of {number(len(done.entries), 'entry', 'entries')}" + (f" ({entries})" if entries else ""))
    if done.messages:
        say(f"  and of {number(done.messages, 'message')} in the outbox; what was sent stays where it was sent")
    if done.waiting:
        waits = "message waits" if done.waiting == 1 else "messages wait"
        say(f"  {done.waiting} {waits} to be sent with them: erase again when that is done")
    for seq in done.kept:
        say(f"  not those of #{seq}: an earlier version sealed them into the chain")
