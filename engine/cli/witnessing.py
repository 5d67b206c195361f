"""The commands about witnesses: witness, proof; and what verify checks of stamps and of heads in digests."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

import click

from commitments.ledger.chain import Verdict
from commitments.ledger.witness import Stamp, stamps
from commitments.trouble import TroubleError
from engine.answers import anchors as printed_heads
from engine.answers import proofs
from engine.answers.anchors import Compared
from engine.cli.output import (
    EntryNumber,
    actor_option,
    as_path,
    hand_out,
    number,
    save,
    say,
    table,
    visible,
    workspace_option,
    write_json,
)
from engine.cli.reading import json_option
from engine.recording import witness
from engine.session import Session, open_session

_FILE = click.Path(path_type=Path, dir_okay=False)
certificates_option = click.option(
    "--ca", "certificates", type=_FILE, metavar="FILE",
    help="The root certificates (PEM) of the authorities that stamped; without it those of gestand.yaml.",
)  # fmt: skip
anchors_option = click.option(
    "--anchors", type=click.Path(path_type=Path), metavar="PATH",
    help="Check the heads in all digests of a folder, an mbox, a Maildir or a message.",
)  # fmt: skip
anchors_json_option = click.option(
    "--json", "as_json", is_flag=True, help="Write what --anchors finds as JSON; the rest is said beside it."
)


class NoAuthorityError(TroubleError):
    """A time stamp is asked for, and nobody is named who gives one."""

    def __init__(self, missing: str) -> None:
        super().__init__(
            f"{missing}; name it here, or under witness: in gestand.yaml: "
            "witness: {address: https://tsa.example.org, certificates: tsa.pem}"
        )


@click.command("witness")
@workspace_option
@click.option("--authority", metavar="URL", help="The authority to ask (RFC 3161); without it that of gestand.yaml.")
@certificates_option
@click.option("--request", type=_FILE, metavar="FILE", help="Ask nobody: write the request, to be carried elsewhere.")
@click.option(
    "--answer", type=_FILE, metavar="FILE", help="Take in the answer to a request that was carried elsewhere."
)
@click.option("--list", "listing", is_flag=True, help="List the stamps that the ledger holds.")
@actor_option
@json_option
def witness_command(
    folder: Path,
    authority: str | None,
    certificates: Path | None,
    request: Path | None,
    answer: Path | None,
    listing: bool,
    actor: str,
    as_json: bool,
) -> None:
    """Have a time stamping authority witness the ledger: what it holds now was there at this moment.

    The authority sees a hash and nothing else. Its stamp is checked, kept in the ledger, and checked by `gestand
    verify`. docs/ledger.md says what it shows, and how it goes without a network.
    """
    if sum(map(bool, (authority, request, answer, listing))) > 1:
        raise click.UsageError("choose one of --authority, --request, --answer and --list")
    with open_session(folder) as session:
        if listing:
            _list(session, as_json=as_json)
        elif request is not None:
            _request(session, request)
        elif answer is not None:
            named = _certificates(session, certificates)
            _tell(witness.take_in(session, _read(answer), named, actor=actor), as_json=as_json)
        else:
            address, named = authority or _address(session), _certificates(session, certificates)
            _tell(witness.obtain(session, address, named, actor=actor), as_json=as_json)


def _address(session: Session) -> str:
    settings = session.workspace.settings.witness
    if settings is None:
        raise NoAuthorityError("no time stamping authority is named (--authority URL)")
    return settings.address


def _certificates(session: Session, named: Path | None) -> Path:
    found = named or session.workspace.certificates
    if found is None:
        raise NoAuthorityError("the authority's certificates are not named (--ca FILE)")
    return found


def _read(answer: Path) -> bytes:
    try:
        return answer.read_bytes()
    except OSError as error:
        raise click.FileError(str(answer), error.strerror) from error


def _request(session: Session, file: Path) -> None:
    statement, query = witness.prepare(session.store)
    save([query], file)
    there = as_path(file)
    what = f"the request for a stamp of the ledger up to #{statement.seq}"
    say(f"{what} is in {there}; with a network, for instance:", "")
    header = "Content-Type: application/timestamp-query"
    settings = session.workspace.settings.witness
    address = settings.address if settings else "https://tsa.example.org"
    say(f"  curl -H '{header}' --data-binary @{there} -o answer.tsr {address}")
    say("", "and then here: gestand witness --answer answer.tsr")


def _tell(taken: Stamp, *, as_json: bool) -> None:
    if as_json:
        write_json(_stamp_json(taken))
    else:
        say(str(taken))


def _moment(taken: Stamp) -> str:
    return f"{taken.moment:%Y-%m-%d %H:%M:%S} UTC"


def _list(session: Session, *, as_json: bool) -> None:
    with session.store.reading() as tx:
        found = stamps(tx)
    if as_json:
        write_json([_stamp_json(one) for one in found])
    elif found:
        rows = [(f"#{one.entry}", f"#{one.statement.seq}", _moment(one), one.authority or "carried") for one in found]
        table(("entry", "stamps up to", "moment", "authority"), rows, wide="authority")
    else:
        say("the ledger holds no time stamps")


def _stamp_json(one: Stamp) -> dict[str, Any]:
    return {"entry": one.entry, **one.payload}


# ------------------------------------------------------------------------------------------------- proof


@click.command("proof")
@workspace_option
@click.argument("seq", type=EntryNumber(), metavar="ENTRY")
@click.option(
    "--anchor", metavar='"#SEQ HASH"', help="Prove it by this head, as printed in a digest, not by a time stamp."
)
@click.option("--texts", is_flag=True, help="With the entry's texts, such as its title; without it only their hash.")
@click.option("-o", "--output", type=_FILE, metavar="FILE", help="Write to FILE.")
def proof_command(folder: Path, seq: int, anchor: str | None, texts: bool, output: Path | None) -> None:
    """Write the proof that an entry was in the ledger, for a stranger to check without us: docs/check_proof.py does.

    By the earliest time stamp that covers it the rest of the ledger stays with you. By a head that was printed in a
    digest the proof holds all entries from it to that head, without their texts.
    """
    with open_session(folder) as session, session.store.reading() as tx:
        if anchor is None:
            proof = proofs.by_stamp(tx, seq, texts=texts)
        else:
            proof = proofs.by_head(tx, seq, anchor, texts=texts)
    hand_out([json.dumps(proof, ensure_ascii=False, indent=1).encode(), b"\n"], output)


# ------------------------------------------------------------------------------------------------- verify


def stamps_hold(session: Session, verdict: Verdict, certificates: Path | None) -> bool:
    """Whether the time stamps in a ledger hold, after saying so; those of one that is not whole are not looked at."""
    if not verdict.ok:
        return True
    with session.store.reading() as tx:
        lines, well = witness.summary(witness.examine(tx, certificates or session.workspace.certificates))
    for line in lines:
        say(line)
    return well


@contextmanager
def telling(anchors: Path | None, *, as_json: bool) -> Iterator[dict[str, Any]]:
    """Takes what is found, to be written as JSON at the end where that is wanted: then sentences go to stderr."""
    if as_json and anchors is None:
        raise click.UsageError("--json is for what --anchors finds; name a folder or file of digests")
    found: dict[str, Any] = {}
    with redirect_stdout(sys.stderr if as_json else sys.stdout):
        yield found
    if as_json:
        write_json(found)


def heads_are_there(session: Session, verdict: Verdict, anchors: Path | None, told: dict[str, Any]) -> bool:
    """Whether every head that was printed in the digests of a file or folder is in the ledger, after saying so."""
    if anchors is None:
        return True
    with session.store.reading() as tx:
        found = printed_heads.compare(tx, anchors)
    told |= {"ledger": {"ok": verdict.ok, "said": str(verdict)}, **_compared_json(found)}
    _tell_compared(found)
    return found.ok


def _tell_compared(found: Compared) -> None:
    for name, why in found.damaged[:_SHOWN]:
        say(f"left out: {_clean(name)} ({_clean(why)})")
    if len(found.damaged) > _SHOWN:
        say(f"left out: {len(found.damaged) - _SHOWN} more that cannot be read")
    count = f"{number(found.heads, 'head')} in {number(found.messages, 'message')}"
    without = f" ({found.empty} without one)" if found.empty and found.heads else ""
    if not found.heads:
        say(f"{count}: nothing was compared; name a folder or file with digests")
    elif not found.strange:
        say(f"{count}{without}: all are in the ledger, from #{found.first} to #{found.last}")
    else:
        say(f"{count}{without}: {len(found.strange)} not in the ledger, so it was rewritten or cut off:")
        rows = [(str(one), _clean(one.message), _clean(one.sent)) for one in found.strange]
        table(("head", "message", "sent"), rows, wide="message")


_SHOWN = 10
"""So many messages that cannot be read are named."""


def _clean(text: str) -> str:
    """A text of somebody else's, in one line and in UTF-8."""
    return visible(" ".join(text.split()).encode("utf-8", "replace").decode())


def _compared_json(found: Compared) -> dict[str, Any]:
    return {
        "ok": found.ok,
        "heads": found.heads,
        "messages": found.messages,
        "without_head": found.empty,
        "damaged": [{"message": _clean(name), "why": _clean(why)} for name, why in found.damaged],
        "not_in_ledger": [
            {"head": str(one), "message": _clean(one.message), "sent": _clean(one.sent)} for one in found.strange
        ],
    }
