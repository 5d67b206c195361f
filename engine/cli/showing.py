"""The commands that show one commitment: show, with its whole history, and explain, with the reasons for its dates."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path

import click

from commitments.ledger import register
from commitments.ledger.moments import Known, WrongClock, spoken
from commitments.model.commitment import Event
from commitments.model.lineage import in_circles, parents_of
from commitments.model.record import Record, Recorded
from engine.answers import explain
from engine.answers.what_if import supposed
from engine.assessment.assess import Assessment
from engine.assessment.consequences import muted_by
from engine.cli.completing import complete_ids
from engine.cli.output import Failed, say, tell_damage, tell_problems, workspace_option, write_json
from engine.cli.reading import find, json_option, known, opened, when, when_options
from engine.session import Session, open_session

# ------------------------------------------------------------------------------------------------- show


@click.command("show")
@workspace_option
@click.argument("identifier", metavar="ID", shell_complete=complete_ids)
@when_options
@json_option
def show_command(folder: Path, identifier: str, as_of: date | None, known_at: date | None, as_json: bool) -> None:
    """Show a commitment with its whole history, as the ledger has it; what was undone is marked.

    With --as-of and --known-at no more than had happened, and was known, by then.
    """
    with open_session(folder) as session:
        with session.store.reading() as tx:
            damage = register.damage(tx, identifier)
        record = _then(find(session, identifier), as_of, known(session, known_at))
        wrong = session.wrong_clocks()
    if as_json:
        write_json([_entry_json(entry, record, wrong) for entry in record.history])
    else:
        _show(record, wrong)
    tell_damage(damage)


def _show(record: Record, wrong: Sequence[WrongClock]) -> None:
    for name, value in record.commitment.model_dump(mode="json", exclude_defaults=True).items():
        say(f"{name:<12}{_value(value)}")
    say("", "history")
    for entry in record.history:
        _tell_entry(entry, record, wrong)


def _then(record: Record, day: date | None, moment: Known | None) -> Record:
    """The record as it was on both axes; a complaint where there was none."""
    then = record.as_of(day, moment)
    if then is None:
        raise click.UsageError(_too_early(record, day, moment))
    return then


def _too_early(record: Record, day: date | None, moment: Known | None) -> str:
    identifier, known_then = record.commitment.id, record.as_of(None, moment)
    if known_then is not None:
        return f"{identifier} was made on {known_then.since}, after {day}: there is nothing to say yet"
    first, then = f"{record.recorded_at:%Y-%m-%d}", f"{moment.at:%Y-%m-%d}" if moment else "any day"
    return f"{identifier} was first written down on {first}: it was not known on {then}"


def _entry_json(entry: Recorded, record: Record, wrong: Sequence[WrongClock]) -> dict[str, object]:
    event = entry.event.model_dump(mode="json", exclude_defaults=True)
    more = {"undone_by": record.void[entry.seq].seq} if entry.seq in record.void else {}
    if says := _says(entry, wrong):
        more["clock_was_wrong"] = says.seq
    return {"ledger": entry.seq, "recorded_at": entry.recorded_at.isoformat(), "actor": entry.actor, **more, **event}


def _says(entry: Recorded, wrong: Sequence[WrongClock]) -> WrongClock | None:
    """The first entry that says that the clock was wrong when this one was written, None where none does."""
    return next((one for one in wrong if one.covers(entry.seq)), None)


def _value(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {item}" for key, item in value.items())
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _tell_entry(entry: Recorded, record: Record, wrong: Sequence[WrongClock]) -> None:
    """What happened; that it is void where it was undone, and that the clock was wrong where that is said."""
    void = record.void.get(entry.seq)
    recorded = f"{entry.recorded_at:%Y-%m-%d} by {entry.actor}"
    line = f"{entry.event.occurred_on}  {_happened(entry.event)}  (ledger #{entry.seq}, written down {recorded})"
    say(f"  {line}", struck=void is not None)
    if void:
        say(f"  {'':<12}void: undone as ledger #{void.seq}")
    if says := _says(entry, wrong):
        say(f"  {'':<12}the clock was wrong then, says ledger #{says.seq}: it was written before {spoken(says.at)}")


def _happened(event: Event) -> str:
    words = [event.kind.replace("_", " ")]
    if event.undoes is not None:
        words[0] += f" #{event.undoes}"
    if event.date:
        words.append(f"{event.anchor} {event.date}".strip() if event.anchor else f"to {event.date}")
    return ", ".join(part for part in (*words, event.decided_by, event.document, event.note) if part)


# ------------------------------------------------------------------------------------------------- explain


@click.command("explain")
@workspace_option
@click.argument("identifier", metavar="ID", shell_complete=complete_ids)
@click.option("--why-not", "rule", metavar="RULE", help="Say, condition by condition, why that rule does not apply.")
@click.option("--what-if", "said", metavar="KEY=VALUE", multiple=True,
              help="Suppose another field or anchor, e.g. letter=2018-07-20; may be given again.")  # fmt: skip
@click.option("-v", "--verbose", is_flag=True, help="Add the rules that applied, condition by condition.")
@when_options
@json_option
def explain_command(
    folder: Path,
    identifier: str,
    rule: str | None,
    said: tuple[str, ...],
    verbose: bool,
    as_of: date | None,
    known_at: date | None,
    as_json: bool,
) -> None:
    """Say why the dates of a commitment are what they are."""
    with opened(folder) as session:
        day, moment = when(session, as_of, known_at)
        record = _then(find(session, identifier), day, moment)
        actual = _on_day(session, record, day)
        assessment = _on_day(session, _supposed(session, record, said), day) if said else actual
        muted = _muted(session, assessment, moment)
        if rule is not None:
            _why_not(session, assessment, rule, as_json=as_json)
        elif as_json:
            supposed = {"what_if": list(said), "as_it_is": explain.as_json(actual)} if said else {}
            rules = [explain.why_not_json(answer) for answer in explain.applied(session.assessor, assessment)]
            write_json({**supposed, **explain.as_json(assessment, muted), "rules": rules})
        else:
            told = _explained(session, assessment, said, actual, muted=muted, verbose=verbose)
            say(*told)


def _on_day(session: Session, record: Record, day: date) -> Assessment:
    assessment = session.assessor.on(record, day)
    if assessment is None:
        raise click.UsageError(_too_early(record, day, None))
    return assessment


def _explained(
    session: Session,
    assessment: Assessment,
    said: tuple[str, ...],
    actual: Assessment,
    *,
    muted: str,
    verbose: bool,
) -> Iterator[str]:
    if said:
        yield f"what if {', '.join(said)}"
        yield ""
    yield from explain.explanation(assessment, session.workspace.book, muted)
    if verbose:
        for answer in explain.applied(session.assessor, assessment):
            yield ""
            yield from explain.why_not_lines(answer)
    if said:
        due = explain.spoken_window(actual.standing.current) if actual.standing.current else "not known"
        yield ""
        yield f"as it is: due {due}, {explain.verdict(actual.standing)}"


def _muted(session: Session, assessment: Assessment, moment: Known | None) -> str:
    """Why nobody is told of it, where its parent sees to that."""
    child, parent = assessment.record.commitment.id, assessment.record.commitment.parent
    with session.store.reading() as tx:
        heeded = parent and child not in in_circles(parents_of(tx, [child]))
        found = register.record(tx, parent) if parent and heeded else None
    return muted_by(session.assessor, assessment, found.as_of(None, moment) if found else None)


def _supposed(session: Session, record: Record, said: tuple[str, ...]) -> Record:
    for one in said:
        if "=" not in one:
            raise click.UsageError(f"--what-if {one} does not say what it would be; write letter=2018-07-20")
    supposing, problems = supposed(record, said, session.workspace.book)
    if supposing is None:
        tell_problems(problems)
        raise Failed
    return supposing


def _why_not(session: Session, assessment: Assessment, rule: str, *, as_json: bool) -> None:
    names = [name for name in session.workspace.book.rules if rule in (name, name.partition("/")[2])]
    if not names:
        there = ", ".join(session.workspace.book.rules) or "none: name packs in gestand.yaml"
        raise click.UsageError(f"there is no rule {rule}; the rules in use are {there}")
    for answer in (explain.why_not(session.assessor, assessment, name) for name in names):
        if as_json:
            write_json(explain.why_not_json(answer))
        else:
            say(*explain.why_not_lines(answer))
