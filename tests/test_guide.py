"""The guide for people who write rules, and the front page: each block of YAML loads, each command can be given."""

import re
import shlex
from pathlib import Path
from textwrap import indent

import pytest
import yaml

HOME = Path(__file__).parent.parent
GUIDE = (HOME / "docs" / "writing-rules.md").read_text(encoding="utf-8")
README = (HOME / "README.md").read_text(encoding="utf-8")
INDEX = (HOME / "docs" / "README.md").read_text(encoding="utf-8")

HEAD = "pack: part\ntitle: Part\nlanguage: nl\ntimezone: Europe/Amsterdam\n"
RULE = "rules:\n  - id: one\n    title: One\n"
REST = {"when": "    when: {kind: reply}\n", "due": "    due: 4 weeks after letter\n"}
OF_A_RULE = {"when", "unless", "due", "extension", "pause", "notices", "message", "tests"}


def fenced(page, language):
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", page, re.DOTALL | re.MULTILINE)
    return [block for word, block in fences if word == language]


BLOCKS = [*fenced(GUIDE, "yaml"), *fenced(README, "yaml")]
KEYS = [set(yaml.safe_load(block)) for block in BLOCKS]
PACKS = [block for block, keys in zip(BLOCKS, KEYS, strict=True) if {"pack", "title"} <= keys]
FILES_OF_TESTS = [block for block, keys in zip(BLOCKS, KEYS, strict=True) if keys == {"pack", "tests"}]
CALENDARS = [block for block, keys in zip(BLOCKS, KEYS, strict=True) if "calendar" in keys]
PARTS = [block for block, keys in zip(BLOCKS, KEYS, strict=True) if not keys & {"pack", "calendar"}]


def whole(part):
    """The smallest pack that holds a block which is a part of one."""
    keys = set(yaml.safe_load(part))
    if keys <= OF_A_RULE:
        return HEAD + RULE + "".join(line for key, line in REST.items() if key not in keys) + indent(part, "    ")
    return HEAD + part + ("" if "rules" in keys else RULE + "".join(REST.values()))


def commands(page):
    lines = [line.partition("  #")[0].partition(" > ")[0] for block in fenced(page, "") for line in block.splitlines()]
    return [tuple(shlex.split(line)[1:]) for line in lines if line.startswith("gestand ")]


@pytest.fixture
def reader(workspace, tmp_path):
    """The command line in a workspace whose rules are those of the three regimes, as the guide says to set it up."""
    settings = tmp_path / "gestand.yaml"
    settings.write_text(settings.read_text().replace("nl-eerste-kamer, ", ""))
    for name, block in zip(("mine", "questions", "information"), PACKS, strict=False):
        (tmp_path / "rules" / f"{name}.yaml").write_text(block)
    (tmp_path / "new.yaml").write_text(PACKS[0].replace("4 weeks", "5 weeks"))
    return workspace


def name(block):
    return next(line for line in block.splitlines() if not line.startswith("#"))


@pytest.mark.parametrize("block", [*PACKS, *map(whole, PARTS)], ids=name)
def test_every_block_that_is_a_pack_or_a_part_of_one_loads(workspace, tmp_path, block):
    (tmp_path / "block.yaml").write_text(block)
    status, _, err = workspace("check", "block.yaml")
    assert status == 0, err


@pytest.mark.parametrize("block", [block for block in PACKS if "tests:" in block], ids=name)
def test_every_pack_with_tests_does_what_they_say(workspace, tmp_path, block):
    (tmp_path / "block.yaml").write_text(block)
    status, _, err = workspace("test", "block.yaml")
    assert (status, err) == (0, "")


@pytest.mark.parametrize("block", CALENDARS, ids=name)
def test_every_calendar_is_in_order(workspace, tmp_path, block):
    (tmp_path / "calendars" / "block.yaml").write_text(block)
    status, _, err = workspace("check")
    assert (status, err) == (0, "")


@pytest.mark.parametrize("block", FILES_OF_TESTS, ids=name)
def test_every_file_of_tests_holds_beside_its_pack(reader, tmp_path, block):
    (tmp_path / "rules" / "mine_test.yaml").write_text(block)
    assert reader("test", "rules/mine.yaml")[1].startswith("2 tests of 1 rule: 2 passed\n")


def test_the_three_regimes_leave_nothing_to_be_warned_of(reader):
    assert reader("check", "--strict")[::2] == (0, "")


# left out: init, for the workspace is there already, and serve, which goes on until Ctrl-C
@pytest.mark.parametrize(
    "words", [one for one in commands(GUIDE + README) if one[0] not in {"init", "serve"}], ids=" ".join
)
def test_every_command_can_be_given(reader, words):
    status, _, err = reader(*words)
    # what the tests of the three regimes leave unseen is what is asked for: 1
    assert (status, err) == (int("--coverage" in words), "")


def test_a_failing_test_is_shown_as_the_guide_shows_it(reader, tmp_path):
    file = tmp_path / "rules" / "mine.yaml"
    file.write_text(file.read_text().replace("due: 2018-08-10", "due: 2018-08-11"))
    _, _, err = reader("test", "rules/mine.yaml")
    assert err.startswith("rules/mine.yaml:")
    assert err.rstrip("\n") in GUIDE


def test_the_index_names_every_page_of_the_documentation():
    pages = [path.name for path in (HOME / "docs").glob("*.md")]
    assert [name for name in pages if name != "README.md" and f"]({name})" not in INDEX] == []


@pytest.mark.parametrize(
    ("page", "folder"),
    [(README, HOME), (GUIDE, HOME / "docs"), (INDEX, HOME / "docs")],
    ids=["README", "guide", "index"],
)
def test_no_link_leads_nowhere(page, folder):
    links = re.findall(r"\]\((?!http)([^)#]+)", page)
    assert [link for link in links if not (folder / link).exists()] == []
