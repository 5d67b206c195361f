"""Packs under pytest: `pytest -p engine.authoring.pytest_plugin rules/` runs their tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from commitments.reading.source import read
from engine.authoring.pack_tests import (
    Outcome,
    Verdict,
    gather,
    run,
)
from engine.workspace.settings import workspace_or_shipped
from rules.pack.book import SUFFIXES, is_situation_file


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """The tests of a rule file, those beside it included; nothing of any other file."""
    return PackFile.from_parent(parent, path=file_path) if _is_pack(file_path) else None


def _is_pack(path: Path) -> bool:
    if path.suffix not in SUFFIXES or is_situation_file(path):
        return False
    document, _ = read(path)
    return document is not None and isinstance(document.value, dict) and "pack" in document.value


class PackFile(pytest.File):
    """A rule file, with the calendars of the workspace that pytest runs in, or those that ship."""

    def collect(self) -> Iterator[pytest.Item]:
        """Its tests; raises CollectError where something is wrong with the file."""
        root = self.config.rootpath
        workspace = workspace_or_shipped(root)
        book, found, problems = gather(workspace, root / "rules", [self.path])
        if problems:
            raise self.CollectError("\n\n".join(map(str, problems)))
        for outcome in run(workspace, book, found):
            name = f"{outcome.trial.rule}: {outcome.trial.situation.name}"
            yield PackTest.from_parent(self, name=name, outcome=outcome)


class DifferentError(Exception):
    """A test did not get what it expected."""

    def __init__(self, outcome: Outcome) -> None:
        super().__init__("\n\n".join(map(str, outcome.problems)))


class PackTest(pytest.Item):
    """A test in a pack."""

    def __init__(self, *, outcome: Outcome, **words: Any) -> None:  # noqa: ANN401 - what pytest hands to every item
        super().__init__(**words)
        self.outcome = outcome

    def runtest(self) -> None:
        """Pass, fail, or be known to fail."""
        if self.outcome.verdict is Verdict.TODO:
            pytest.xfail(self.outcome.trial.situation.todo)
        if self.outcome.verdict.bad:
            raise DifferentError(self.outcome)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:  # noqa: ANN401
        """The differences, where there are some."""
        return str(excinfo.value) if isinstance(excinfo.value, DifferentError) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Where the test stands: the file, the line (from 0), its name."""
        return self.path, self.outcome.trial.line - 1, self.name
