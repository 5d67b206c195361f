"""The commands about mail on its way: outbox, bounces."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime, timedelta
from email import policy
from email.parser import BytesParser
from itertools import islice
from pathlib import Path

import click

from commitments.ledger.holding import held, held_line
from engine.cli.output import Failed, Words, actor_option, hand_over, number, say, table, workspace_option, write_json
from engine.cli.reading import json_option
from engine.digests import send
from engine.session import Session, open_session
from notifications.outbox import (
    bounces,
    dead_letters,
    mailboxes,
    suppression,
)
from notifications.outbox.bounces import Bounce, Verdict
from notifications.outbox.dead_letters import OPEN, Letter
from notifications.outbox.mailboxes import NoMailError
from notifications.outbox.outbox import State
from notifications.outbox.signing import renew_secret

_HEAD = ("id", "state", "recipient", "attempts", "next try (UTC)", "why")


@click.group("outbox", invoke_without_command=True)
@click.option(
    "--state",
    "states",
    type=click.Choice([state.value for state in State]),
    multiple=True,
    help="Only these; may be repeated.",
)
@click.option("--all", "everything", is_flag=True, help="What was sent, superseded or dropped too.")
@json_option
@click.pass_context
def outbox_command(ctx: click.Context, states: tuple[str, ...], everything: bool, as_json: bool) -> None:
    """See what waits to be sent and what was refused; try it again, or let it go."""
    if ctx.invoked_subcommand is not None:
        return
    wanted = tuple(map(State, states)) or (tuple(State) if everything else OPEN)
    with open_session(ctx.obj) as session, session.store.reading() as tx:
        found = dead_letters.letters(tx, wanted)
        sent = 0 if found else dead_letters.count(tx, State.SENT)
        reason = held(tx)
    if as_json:
        write_json([asdict(letter) for letter in found])
        return
    if reason:
        say(held_line(reason))
    if found:
        table(_HEAD, [_line(letter) for letter in found], wide="why")
    elif states:
        say(f"no message is {' or '.join(states)}")
    else:
        say(f"nothing waits and nothing was refused; {number(sent, 'message')} sent so far")


def _line(letter: Letter) -> tuple[str, ...]:
    doubt = " (perhaps delivered)" if letter.doubtful and letter.state in OPEN else ""
    when = _moment(letter.next_try_at) or ("next pass" if letter.state is State.QUEUED else "")
    return (str(letter.id), letter.state, letter.recipient, str(letter.attempts), when, f"{letter.last_error}{doubt}")


def _moment(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d %H:%M}" if moment else ""


@outbox_command.command("show")
@workspace_option
@click.argument("identifier", type=int, metavar="ID")
@click.option("--raw", is_flag=True, help="The whole message, as it goes over the wire.")
@json_option
def outbox_show_command(folder: Path, identifier: int, raw: bool, as_json: bool) -> None:
    """Show a message: where it is, and what it says."""
    with open_session(folder) as session, session.store.reading() as tx:
        letter, body = dead_letters.letter(tx, identifier)
    if raw:
        hand_over(body)
        return
    if as_json:
        write_json(asdict(letter))
        return
    for name, value in asdict(letter).items():
        if value not in {None, "", False}:
            say(f"{name.replace('_', ' '):<13}{_moment(value) if isinstance(value, datetime) else value}")
    say("", *_readable(body).splitlines())


def _readable(body: bytes) -> str:
    """The text of a mail; what is no mail as it is."""
    if not body.startswith(b"From:"):
        return body.decode("utf-8", "replace")
    part = BytesParser(policy=policy.SMTP).parsebytes(body).get_body(("plain",))
    return str(part.get_content()).replace("\r\n", "\n") if part else ""


@outbox_command.command("retry")
@workspace_option
@click.argument("identifiers", type=int, nargs=-1, metavar="[ID]…")
@click.option("--dead", is_flag=True, help="All that were given up.")
@actor_option
def outbox_retry_command(folder: Path, identifiers: tuple[int, ...], dead: bool, actor: str) -> None:
    """Try messages again at the next pass, for five days more."""
    if bool(identifiers) == dead:
        raise click.UsageError("name the messages to be tried again, or --dead for all that were given up")
    with open_session(folder) as session, session.store.writing() as tx:
        chosen = identifiers or tuple(letter.id for letter in dead_letters.letters(tx, [State.DEAD]))
        for identifier in chosen:
            dead_letters.retry(tx, identifier, at=session.now(), actor=actor)
    say(f"{number(len(chosen), 'message')} will be tried at the next pass" if chosen else "no message is dead")


@outbox_command.command("drop")
@workspace_option
@click.argument("identifier", type=int, metavar="ID")
@click.option("--reason", type=Words(), required=True, help="Why it need not be sent; goes into the ledger.")
@actor_option
def outbox_drop_command(folder: Path, identifier: int, reason: str, actor: str) -> None:
    """Let a message go: it is not sent, and its reader is not told what is in it."""
    with open_session(folder) as session, session.store.writing() as tx:
        dead_letters.drop(tx, identifier, reason, at=session.now(), actor=actor)
    say(f"message {identifier} will not be sent: {reason}")


@outbox_command.command("suppressed")
@workspace_option
@json_option
def outbox_suppressed_command(folder: Path, as_json: bool) -> None:
    """List the addresses that get nothing more, since when and why."""
    with open_session(folder) as session, session.store.reading() as tx:
        found = suppression.suppressions(tx)
    if as_json:
        write_json([asdict(one) for one in found])
    elif found:
        table(("address", "why", "detail"), [(one.address, str(one), one.detail) for one in found], wide="detail")
    else:
        say("every address gets its mail: nobody unsubscribed, and no mailbox is known to be gone")


@outbox_command.command("release")
@workspace_option
@click.argument("address")
@actor_option
def outbox_release_command(folder: Path, address: str, actor: str) -> None:
    """Let an address get mail again, for instance because its mailbox was mended."""
    with open_session(folder) as session, session.store.writing() as tx:
        lifted = suppression.lift(tx, address, at=session.now(), actor=actor)
        missed = dead_letters.dropped(tx, address, [str(known) for known in lifted])
    if lifted:
        say(f"{address} gets mail again; it was {' and '.join(map(str, lifted))}")
        if missed:
            numbers = ", ".join(map(str, missed))
            say(
                f"dropped meanwhile, and not sent by itself: {numbers}; `gestand outbox --all` lists what was dropped, "
                "`gestand outbox retry ID` has it sent"
            )
    else:
        say(f"{address} gets its mail already; `gestand outbox suppressed` lists those that do not")


@outbox_command.command("renew-secret")
@workspace_option
@actor_option
def outbox_renew_secret_command(folder: Path, actor: str) -> None:
    """Void the links and return addresses of mail made so far.

    They are signed with a secret of the register: make another one where a backup got into wrong hands. Digests made
    from now on have links that work.
    """
    with open_session(folder) as session, session.store.writing() as tx:
        renew_secret(tx, at=session.now(), actor=actor)
        waiting = dead_letters.count(tx, State.QUEUED)
    say("links to unsubscribe and return addresses made before are void; digests from now on have new ones")
    if waiting:
        say(f"{number(waiting, 'message')} made before and not sent yet: the links in there are void too")


@click.command("bounces")
@workspace_option
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, allow_dash=True), metavar="FILE…")
@json_option
def bounces_command(folder: Path, files: tuple[Path, ...], as_json: bool) -> None:
    """Read mail that came back, from mbox files, Maildirs or single mails (- is what is piped in).

    A mailbox that is gone gets nothing more. Reports that are not about a message of ours, old, or seen before change
    nothing. The files are left as they are, and every one is read to its end, whatever is in it.
    """
    returned = _Returned(files)
    found: list[Bounce] = []
    with open_session(folder) as session:
        while some := list(islice(returned, _AT_ONCE)):
            found += _taken_in(session, some)
    if as_json:
        write_json([asdict(bounce) for bounce in found])
    else:
        _tell(found)
    for trouble in returned.troubles:
        say(f"gestand: {trouble}", err=True)
    if returned.troubles:
        raise Failed


_AT_ONCE = 500
"""Mails that are taken in at once: meanwhile nobody else writes."""


class _Returned(Iterator[bounces.Returned]):
    """The mails of some files, read one after another; `troubles` are the files and folders that could not be read."""

    def __init__(self, files: Iterable[Path]) -> None:
        self.troubles: list[str] = []
        self._mails = self._all(files)

    def __next__(self) -> bounces.Returned:
        return bounces.read(next(self._mails))

    def _all(self, files: Iterable[Path]) -> Iterator[mailboxes.Mail]:
        for file in files:
            try:
                yield from self._of(file)
            except NoMailError as error:
                self.troubles.append(str(error))

    def _of(self, file: Path) -> Iterator[mailboxes.Mail]:
        for mail in mailboxes.mails(file):
            if isinstance(mail, mailboxes.Unread):
                self.troubles.append(f"{mail.place} cannot be read ({mail.why}); what lies beside it was")
            else:
                yield mail


def _tell(found: list[Bounce]) -> None:
    for bounce in found:
        if bounce.address:
            say(f"{bounce.address}: {_FATES[bounce.verdict]} ({bounce.detail})")
        elif bounce.verdict is Verdict.UNREADABLE:
            say(f"not read: {bounce.detail}")
    say(_summary(found))


_FATES = {Verdict.GONE: "gets nothing more", Verdict.FOR_NOW: "did not get it, this time"}
_SUMMARY = {
    Verdict.GONE: "gone",
    Verdict.FOR_NOW: "not delivered this time",
    Verdict.SEEN: "seen before",
    Verdict.OLD: "too old",
    Verdict.FORGED: "not about a message of ours",
    Verdict.NO_REPORT: "no report of a failure",
    Verdict.UNREADABLE: "that cannot be read",
}


def _taken_in(session: Session, some: Iterable[bounces.Returned]) -> list[Bounce]:
    mail, now = session.workspace.settings.mail, session.now()
    address, hours = (mail.bounces.address, mail.bounces.fresh_hours) if mail.bounces else ("", 48)
    with session.store.writing() as tx:
        found = bounces.take_in(tx, some, address=address, at=now, fresh=timedelta(hours=hours))
        gone = [bounce for bounce in found if bounce.verdict is Verdict.GONE]
        behind = [bounce for bounce in found if bounce.behind]
        if gone:
            addresses = "a mailbox is gone" if len(gone) == 1 else f"{len(gone)} mailboxes are gone"
            send.administrator(mail).tell(tx, "bounced", f"{addresses}: {gone[0].detail}", now)
        if behind:
            sentence = (
                f"{behind[0].address} passes its mail on to {behind[0].behind}, which is gone: {behind[0].detail}"
            )
            send.administrator(mail).tell(tx, "behind", sentence, now)
    return found


def _summary(found: list[Bounce]) -> str:
    count = Counter(bounce.verdict for bounce in found)
    parts = ", ".join(f"{count[verdict]} {words}" for verdict, words in _SUMMARY.items() if count[verdict])
    return f"{number(len(found), 'report')}: {parts}" if found else "no mail in there"
