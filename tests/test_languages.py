"""A language is one file: it is found by its name, and accepted wherever a language can be named."""

import shutil
import subprocess
import sys
from pathlib import Path

from clocks import environment

from notifications.content.languages import LANGUAGES

ROOT = Path(__file__).parent.parent


def test_the_languages_are_these():
    assert list(LANGUAGES) == ["en", "nl"]
    assert [words.code for words in LANGUAGES.values()] == ["en", "nl"]


def test_adding_a_language_is_one_file(tmp_path):
    for room in ("commitments", "rules", "notifications", "engine"):
        shutil.copytree(ROOT / room, tmp_path / room, ignore=shutil.ignore_patterns("__pycache__"))
    dutch = (tmp_path / "notifications" / "content" / "words_nl.py").read_text()
    frisian = dutch.replace('code="nl"', 'code="fy"').replace("Nieuw te laat", "Nij te let")
    (tmp_path / "notifications" / "content" / "words_fy.py").write_text(frisian)

    def gestand(*words: str) -> str:
        command = [sys.executable, "-c", "from engine.cli import main; main()", *words]
        done = subprocess.run(
            command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    gestand("init", "workspace")
    settings = tmp_path / "workspace" / "gestand.yaml"
    settings.write_text(settings.read_text().replace("language: en", "language: fy"))
    gestand("-w", "workspace", "import", "workspace/commitments/example.yaml")
    assert "NIJ TE LET" in gestand("-w", "workspace", "digest", "preview", "--as-of", "2018-08-13")


def test_a_language_that_there_are_no_words_in_is_told(workspace, tmp_path):
    settings = tmp_path / "gestand.yaml"
    settings.write_text(settings.read_text().replace("language: en", "language: fy"))
    status, _, err = workspace("check")
    assert status == 1
    assert "language: there are no words in 'fy'; there are en, nl\n" in err
