"""The reports in docs/examples are what the program makes of the real records, and say what they really came to."""

import importlib.util
from pathlib import Path

import pytest

from commitments.audit.lines import as_of
from notifications.account.plain import figures

ROOT = Path(__file__).parents[1]
FILE = ROOT / "benchmarks" / "examples.py"


@pytest.fixture(scope="module")
def examples():
    spec = importlib.util.spec_from_file_location("examples", FILE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_examples_are_fresh(examples):
    texts = dict(examples.texts())
    assert texts.keys() == {file.name for file in (ROOT / "docs" / "examples").iterdir()}
    for name, text in texts.items():
        held = (ROOT / "docs" / "examples" / name).read_text(encoding="utf-8")
        assert text == held, f"{name} is not up to date: PYTHONPATH=. python benchmarks/examples.py"


def test_the_nine_letters(examples):
    """Worked out by hand from the letters (facts: nl_schriftelijk_overleg_pairs.csv)."""
    account = examples.report_of(examples.REPORTS["letters"]).account
    rows = [as_of(row, account.as_of) for rows in account.rows.values() for row in rows]
    late = {row["id"]: (row["current_due"], row["settled_on"], row["days_late_current"]) for row in rows}
    assert late == {
        "34964-B": ("2018-08-10", "2018-08-30", 20),  # binnen vier weken na dagtekening
        "34964-F": ("2019-01-09", "2018-12-17", -23),  # four weeks, by the pack
        "34964-H": ("2019-01-10", "2019-02-07", 28),  # uiterlijk 10 januari 2019
        "33328-AI": ("2023-11-16", "2023-12-14", 28),  # the delay notice came when the term was up, and gave nothing
        "30573-J": ("2024-11-20", "2025-01-07", 48),
        "33506-AB": ("2019-05-08", "2019-05-14", 6),
        "33268-F": ("2013-09-12", "2013-09-02", -10),  # vóór vrijdag 13 september: the 12th is the last day in time
        "35510-130": (None, "2023-05-17", None),  # no term was recorded
        "2025D04328": ("2025-01-10", "2025-02-04", 25),  # three weeks
    }
    counted = figures(account.whole)
    assert {name: counted[name] for name in ("total", "in_time", "late_current", "untimed", "on_time_rate")} == {
        "total": 9,
        "in_time": 2,
        "late_current": 6,
        "untimed": 1,
        "on_time_rate": 0.25,
    }
    # of 6, 20, 25, 28, 28, 48
    assert account.whole.spread == (26.5, 21.25, 28, 48)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rappel-2016", {"total": 9, "fulfilled": 3, "undated": 6, "partly": 1, "overdue": 0}),
        ("rappel-2021", {"total": 27, "fulfilled": 5, "undated": 12, "partly": 2, "pending": 9, "due_soon": 1}),
    ],
)  # fmt: skip
def test_the_two_rounds(examples, name, expected):
    made = examples.report_of(examples.REPORTS[name])
    counted = figures(made.account.whole)
    assert {figure: counted[figure] for figure in expected} == expected
    assert len(made.round.meetings) == 1
    assert len(made.round.meetings[0].outcomes) == expected["total"]
