"""The page on reliability names tests that are there, and leaves no figure open."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "reliability.md").read_text(encoding="utf-8")


def test_every_test_that_is_named_is_there():
    named = set(re.findall(r"`((?:benchmarks/)?\w+\.py)`", PAGE))
    assert len(named) > 40
    assert [one for one in sorted(named) if not any((ROOT / place / one).is_file() for place in (".", "tests"))] == []


def test_every_promise_names_a_test():
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and "`" not in line]
    assert [row for row in rows if not row.startswith(("| promise", "| what happens"))] == []


def test_no_figure_is_left_open():
    assert re.findall(r"\| [A-Z]{4,} \|", PAGE) == []
