"""The command that takes register files in, and what a service tells: import."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import click

from commitments import exchange
from commitments.exchange.mapping import ColumnMap, read_mapping
from commitments.exchange.tweede_kamer.service import is_address
from engine.cli.output import Day, Failed, actor_option, number, say, tell_problems, workspace_option
from engine.cli.progress import bar
from engine.cli.reading import reached, today
from engine.cli.taking import Complaints, list_changes
from engine.recording.import_ import Taking
from engine.session import open_session


@click.command("import")
@workspace_option
@click.argument("files", nargs=-1, required=True, metavar="FILE|ADDRESS…")
@click.option("--map", "mapping", type=click.Path(path_type=Path), help="What the columns of a table are, in a file.")
@click.option("--sheet", metavar="NAME", help="Which sheet of a workbook; the first where this is left out.")
@click.option("--since", type=Day(), metavar="DATE", help="Ask a service for what changed since that day, not since "
              "the last time.")  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Say what would be taken in, line by line, and take nothing in.")
@click.option("--new", is_flag=True, help="Make the register that gestand.yaml names, where none is there.")
@click.option("--over-erased", is_flag=True, help="Take in texts too in the place of those that were erased.")
@click.option("--as-of", type=Day(), metavar="DATE", help="Leave out what happened after that day.")
@actor_option
def import_command(
    folder: Path,
    files: tuple[str, ...],
    mapping: Path | None,
    sheet: str | None,
    since: date | None,
    as_of: date | None,
    new: bool,
    **how: Any,  # noqa: ANN401 - click hands on what Taking takes
) -> None:
    """Take register files in: YAML, JSON, JSON lines, CSV or XLSX. Taking in the same file twice changes nothing.

    Undertakings and written questions in the open data of the Tweede Kamer (JSON) and written questions of the UK
    Parliament as mySociety publishes them (CSV) are known by their form. The Tweede Kamer can be asked itself:
    tk:toezeggingen, tk:schriftelijke-vragen, or the address of either.
    """
    addresses = [name for name in files if is_address(name)]
    if since and len(addresses) < len(files):
        raise click.UsageError("--since is for a service: a file is taken in whole")
    if (mapping or sheet) and addresses:
        raise click.UsageError("--map and --sheet are for files")
    columns, complaints = _columns(mapping) if mapping else None, Complaints()
    with open_session(folder, new=new) as session:
        day = reached(session, as_of) if as_of else today(session)
        taking = Taking(session=session, day=day, tell=complaints.tell, tried=list_changes, **how)
        for name in files:
            said = _asked(taking, name, since) if name in addresses else _file(taking, Path(name), columns, sheet)
            if said:
                say(said)
    complaints.close()


def _file(taking: Taking, file: Path, columns: ColumnMap | None, sheet: str | None) -> str:
    """Take a file in; what became of it, in a line."""
    with bar(file.name) as progress:
        intake = taking.take(exchange.stream(file, columns, sheet, progress))
    return f"{file}: {intake}" if intake else ""


def _asked(taking: Taking, name: str, since: date | None) -> str:
    """Take in what a service tells; what became of it, in a line."""
    from engine.recording.fetch import Fetching  # noqa: PLC0415 (urllib is loaded only where a service is asked)

    asking = Fetching(taking=taking, mention=lambda sentence: say(f"gestand: {sentence}", err=True), progress=bar)
    fetched = asking.fetch(name, since)
    return f"{name}: {fetched.intake} ({number(fetched.pages, 'page')})"


def _columns(file: Path) -> ColumnMap:
    columns, problems = read_mapping(file)
    tell_problems(problems)
    if columns is None:
        raise Failed
    return columns
