"""The commands for those who write rules: test, schema, docs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import click

from commitments.reading.problem import Problem
from engine.authoring import schema
from engine.authoring.coverage import Coverage, coverage
from engine.authoring.pack_tests import (
    Outcome,
    Verdict,
    as_junit,
    as_values,
    gather,
    run,
)
from engine.cli.output import (
    Failed,
    as_path,
    format_option,
    hand_over,
    harmless_page,
    number,
    save,
    say,
    tell_problems,
    workspace_option,
    write_json,
)
from engine.workspace.settings import workspace_or_shipped
from rules import pages

# ------------------------------------------------------------------------------------------------- test


@click.command("test")
@workspace_option
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]…")
@click.option("--coverage", "wanted", type=click.IntRange(0, 100), metavar="PERCENT",
              help="Fail where the tests see less of the rules than this, and say what they do not see.")  # fmt: skip
@click.option("--junit", type=click.Path(path_type=Path, dir_okay=False), help="Write a JUnit report to this file.")
@click.option("--json", "as_json", is_flag=True, help="Write every test and its outcome as JSON.")
@format_option
def test_command(
    folder: Path, files: tuple[Path, ...], wanted: int | None, junit: Path | None, as_json: bool, form: str
) -> None:
    """Run the tests that packs carry, and those in the files beside them (their names end in _test.yaml).

    Without FILE: those of the workspace, or what ships with Gestand where there is none.
    """
    workspace = workspace_or_shipped(folder)
    book, found, problems = gather(workspace, folder / "rules", files)
    outcomes = run(workspace, book, found)
    seen = coverage(book, found)
    problems = (*problems, *(one for outcome in outcomes for one in outcome.problems))
    if junit is not None:
        save([as_junit(outcomes).encode()], junit)
    if as_json:
        _write_report(outcomes, seen, problems)
    else:
        tell_problems(problems, form)
    if not as_json and form == "text":
        _tell_tests(outcomes, seen, wanted)
    if problems or (wanted is not None and seen.percent < wanted):
        raise Failed


def _write_report(outcomes: Sequence[Outcome], seen: Coverage, problems: Sequence[Problem]) -> None:
    unseen = [{"rule": gap.rule, "unseen": gap.unseen} for gap in seen.gaps]
    write_json({
        "tests": as_values(outcomes),
        "coverage": {"percent": seen.percent, "unseen": unseen},
        "problems": [vars(one) for one in problems],
    })  # fmt: skip


def _tell_tests(outcomes: Sequence[Outcome], seen: Coverage, wanted: int | None) -> None:
    verdicts = [outcome.verdict for outcome in outcomes]
    for outcome in outcomes:
        if outcome.verdict is Verdict.TODO:
            situation = outcome.trial.situation
            say(f"known gap  {outcome.trial.rule}: “{situation.name}”: {situation.todo}")
    for gap in seen.gaps if wanted is not None else ():
        say(f"not seen   {gap.rule}: {gap.unseen}")
    rules = number(len({outcome.trial.rule for outcome in outcomes}), "rule")
    counts = [f"{verdicts.count(verdict)} {verdict}" for verdict in Verdict if verdict in verdicts]
    say(f"{number(len(outcomes), 'test')} of {rules}: {', '.join(counts) or 'nothing to run'}")
    asked = f" (wanted {wanted} %)" if wanted is not None and seen.percent < wanted else ""
    say(f"{seen}{asked}")


# ------------------------------------------------------------------------------------------------- schema, docs

check_option = click.option("--check", is_flag=True, help="Write nothing; leave with 1 where a file is not up to date.")


@click.command("schema")
@click.argument("name", type=click.Choice(list(schema.MODELS)), required=False)
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), help="Write all of them into this folder.")
@check_option
def schema_command(name: str | None, into: Path | None, check: bool) -> None:
    """Write the JSON Schema of rule files (pack), tests, calendars, registers or settings, for editors.

    An editor that reads it completes keys and marks mistakes as you type. Begin a rule file with
    `# yaml-language-server: $schema=` and the path of the file.
    """
    if into is not None:
        _keep(schema.texts(), into, check=check)
    elif name is not None:
        hand_over(schema.as_text(name))
    else:
        raise click.UsageError(f"say which one: {', '.join(schema.MODELS)}; or --into FOLDER for all of them")


@click.command("docs")
@workspace_option
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE]…")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), default=Path("docs/rules"), show_default=True,
              help="The folder of the pages.")  # fmt: skip
@check_option
def docs_command(folder: Path, files: tuple[Path, ...], into: Path, check: bool) -> None:
    """Write a page about each pack: what is due, when, who hears of it, where it is written, worked examples."""
    workspace = workspace_or_shipped(folder)
    book, problems = workspace.check_files(files) if files else (workspace.book, workspace.problems)
    if tell_problems(problems):
        raise Failed
    _keep(((name, harmless_page(text)) for name, text in pages.texts(book)), into, check=check)


def _keep(texts: Iterable[tuple[str, str]], into: Path, *, check: bool) -> None:
    """Write the files that are not yet as they should be; with `check`, only say which."""
    stale = [(into / name, text) for name, text in texts if not _is(into / name, text)]
    for file, text in () if check else stale:
        file.parent.mkdir(parents=True, exist_ok=True)
        save([text.encode()], file)
    for file, _ in stale:
        say(f"{as_path(file)} {'is not up to date' if check else 'written'}")
    if not stale:
        say(f"{as_path(into)}: up to date")
    if check and stale:
        raise Failed


def _is(file: Path, text: str) -> bool:
    return file.is_file() and file.read_text(encoding="utf-8") == text
