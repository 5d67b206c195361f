"""The shape of the project: imports go one way, each foreign library has one home, the clock is read in one place."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ROOMS = ("commitments", "rules", "notifications", "engine")


def lint(folder):
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"]
    env = {"PYTHONPATH": str(folder)}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)


@pytest.fixture
def copy(tmp_path):
    for room in ROOMS:
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_arrows_hold(copy):
    result = lint(copy)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("commitments/model/dates.py", "import rules.pack.pack"),  # against the arrow
        ("rules/pack/pack.py", "import notifications.content.notice"),  # neighbours that do not know each other
        ("notifications/content/digest.py", "import engine.passes.run"),
        ("engine/passes/run.py", "import sqlalchemy"),  # not at home here
        ("rules/pack/book.py", "import yaml"),
        ("engine/session.py", "import smtplib"),
        # the packages of engine: each against the arrow, and two neighbours
        ("engine/service/server.py", "import engine.cli.output"),
        ("engine/recording/witness.py", "import engine.service.health"),
        ("engine/answers/explain.py", "import engine.recording.witness"),
        ("engine/authoring/check.py", "import engine.answers.explain"),
        ("engine/session.py", "import engine.answers.explain"),
        ("engine/checking/verify.py", "import engine.session"),
        ("engine/passes/run.py", "import engine.checking.verify"),
        ("engine/calendars/feed.py", "import engine.passes.run"),
        ("engine/digests/compose.py", "import engine.calendars.feed"),
        ("engine/assessment/assess.py", "import engine.digests.compose"),
        ("engine/matching/matcher.py", "import engine.assessment.assess"),
        ("engine/workspace/settings.py", "import engine.assessment.assess"),
        ("engine/workspace/recipients.py", "import engine.matching.matcher"),
    ],
)
def test_a_deliberate_violation_is_caught(copy, file, line):
    path = copy / file
    path.write_text(path.read_text() + f"\n{line}\n")
    result = lint(copy)
    assert result.returncode == 1
    assert "BROKEN" in result.stdout


def test_the_clock_is_read_in_one_place():
    reads = re.compile(r"(?:datetime\.now|date\.today|datetime\.utcnow|datetime\.today|time\.time)\(")
    places = [
        str(path.relative_to(ROOT))
        for room in ROOMS
        for path in sorted((ROOT / room).rglob("*.py"))
        for line in path.read_text().splitlines()
        if reads.search(line)
    ]
    assert places == ["engine/workspace/clock.py"]
