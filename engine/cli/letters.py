"""The command that drafts the letter which reminds somebody of an overdue reply: letter."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import click

from commitments.trouble import TroubleError
from engine.answers import letter as reminder
from engine.cli.completing import complete_ids
from engine.cli.output import Day, as_path, hand_over, save, say, workspace_option
from engine.cli.reading import find, opened, today
from engine.session import Session
from notifications.content.languages import LANGUAGES
from notifications.letters import letter
from notifications.letters.letter import Letter

FORMS = ("text", "html", "docx")
_SUFFIXES = {".txt": "text", ".html": "html", ".htm": "html", ".docx": "docx"}


class NoLetterError(TroubleError):
    """There is no letter in a language."""

    def __init__(self, language: str) -> None:
        known = ", ".join(letter.languages())
        name = letter.letter_name(language)
        super().__init__(
            f"there is no letter in {language}, only in {known}; write templates/{name}, or use --language"
        )


@click.command("letter")
@workspace_option
@click.argument("identifier", metavar="ID", shell_complete=complete_ids)
@click.option("--language", type=click.Choice(list(LANGUAGES)), help="The workspace's where it is left out.")
@click.option("--format", "form", type=click.Choice(FORMS), help="What the name of the file says, else text.")
@click.option("-o", "--output", type=click.Path(path_type=Path, dir_okay=False), help="Write to this file.")
@click.option("--as-of", type=Day(), metavar="DATE", help="The letter as of that day.")
@click.option("--anyway", is_flag=True, help="Draft it although nothing is overdue.")
def letter_command(
    folder: Path,
    identifier: str,
    language: str | None,
    form: str | None,
    output: Path | None,
    as_of: date | None,
    anyway: bool,
) -> None:
    """Draft the reminder of an overdue reply, the facts filled in from the register.

    What has to be filled in by hand stands in [brackets]. Nothing is sent, and nothing is written down.
    """
    form = form or (_SUFFIXES.get(output.suffix.lower()) if output else None) or "text"
    if form == "docx" and output is None:
        raise click.UsageError("a Word document is not for a terminal; name a file with -o letter.docx")
    with opened(folder) as session:
        written = _written(session, identifier, language, form, as_of or today(session), anyway=anyway)
    if output is None:
        hand_over(written)
        return
    save([written], output)
    say(f"a draft is in {as_path(output)}; read it before it goes out, and write down that it did:", err=True)
    say(f'  gestand record note {identifier} --on DATE --note "reminder"', err=True)


def _written(session: Session, identifier: str, language: str | None, form: str, day: date, *, anyway: bool) -> bytes:
    """The letter about a commitment in one of its forms."""
    workspace = session.workspace
    assessment = session.assessor.on(find(session, identifier), day)
    if assessment is None:
        raise click.UsageError(f"{identifier} was made after {day}: there is nothing to say yet")
    language = language or workspace.settings.language
    told = reminder.facts(assessment, language, workspace.parties, anyway=anyway)
    try:
        made = letter.draft(told, workspace.templates)
    except KeyError as error:
        raise NoLetterError(language) from error
    _complain(made.trouble)
    return _formed(made, form, session)


def _formed(made: Letter, form: str, session: Session) -> bytes:
    if form == "docx":
        from notifications.letters.docx import as_docx  # noqa: PLC0415 (loaded only where it is needed)

        return as_docx(made)
    if form == "text":
        return letter.as_text(made).encode()
    html, trouble = letter.as_html(made, session.workspace.templates)
    _complain(trouble)
    return html.encode()


def _complain(trouble: str) -> None:
    if trouble:
        say(f"gestand: ours is used, for a template has a mistake: {trouble}", err=True)
