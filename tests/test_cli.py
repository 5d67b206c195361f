"""The command line as people use it: what each command says, and with which status it leaves."""

import csv
import io
import json
import subprocess
import sys

import pytest

from engine.cli import COMMANDS


def test_a_round_until_the_last_day_that_there_is_is_told(workspace):
    assert workspace("audit", "--rappel", "9999-07-01")[0] == 0


def test_what_is_not_utf_8_is_told_in_a_sentence(workspace):
    for command in ("show", "explain"):
        status, _, err = workspace(command, "\udcff")
        assert (status, err) == (1, "gestand: what was asked for is not UTF-8, as all that the register holds is\n")


def test_help_names_every_command_in_a_line(run):
    status, out, _ = run("--help")
    assert status == 0
    assert [name for name in COMMANDS if f"\n  {name} " not in out] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_explains_itself(run, command):
    status, out, _ = run(command, "--help")
    assert status == 0
    assert out.startswith(f"Usage: gestand {command}")


def test_a_new_workspace_is_in_order_and_works_at_once(run):
    assert run("init", "mine")[0] == 0
    status, out, err = run("-w", "mine", "check")
    assert (status, err) == (0, "")
    assert out.startswith("3 packs with ")
    assert out.endswith(": all in order\n")


def test_init_leaves_a_workspace_that_is_there_alone(workspace):
    status, out, err = workspace("init")
    assert (status, out) == (1, "")
    assert err == "gestand: . has a gestand.yaml already, and it is left as it is; name another folder\n"


def test_without_a_workspace_there_is_a_way_out(run, tmp_path):
    status, _, err = run("list")
    assert status == 1
    assert err == (
        f"gestand: there is no gestand.yaml in {tmp_path}; make a workspace with `gestand init .`, "
        "or name one with --workspace\n"
    )


def test_a_second_import_says_that_nothing_is_new(workspace):
    """The same import twice."""
    status, out, _ = workspace("import", "commitments/example.yaml")
    assert (status, out) == (0, "commitments/example.yaml: nothing new, 2 unchanged\n")


def test_good_files_load_while_bad_ones_are_reported(workspace, tmp_path):
    (tmp_path / "bad.yaml").write_text("commitments:\n  - id: x\n    knd: reply\n")
    (tmp_path / "good.csv").write_text("id,kind,title,by,to\nC-1,question,A question,a,b\n")
    status, out, err = workspace("import", "bad.yaml", "good.csv")
    assert status == 1
    assert "bad.yaml:3:5: commitments[0].knd" in err
    assert "did you mean kind?" in err
    assert out == f"bad.yaml: nothing new, {err.count('bad.yaml:')} problems\ngood.csv: 1 new commitment\n"


def test_explain_gives_the_steps_the_rule_and_the_quote(workspace):
    status, out, _ = workspace("explain", "34964-B", "--as-of", "2018-08-11")
    assert status == 0
    assert "as of Sat 11 Aug 2018: overdue, 1 day late" in out
    assert "due Fri 10 Aug 2018\n  1 anchor   letter dated Fri 13 Jul 2018 (34964-B, ledger #" in out
    assert "  late from  Sat 11 Aug 2018 00:00 Europe/Amsterdam\n" in out
    assert "rule nl-eerste-kamer/reply-four-weeks: “binnen vier weken na dagtekening van deze brief”" in out


def test_explain_says_why_a_rule_does_not_apply_condition_by_condition(workspace):
    status, out, _ = workspace("explain", "34964-B", "--why-not", "question-ten-days")
    assert status == 0
    assert out == (
        "rule house-rules/question-ten-days does not apply\n"
        "  when   no   kind wanted question, got reply\n"
        "  when   no   to wanted within house, got nl/eerste-kamer/ia-jbz\n"
    )


def test_explain_as_json_is_for_programs(workspace):
    status, out, _ = workspace("explain", "34964-B", "--json")
    assert status == 0
    answer = json.loads(out)
    assert (answer["status"], answer["days_late_current"], answer["settled_on"]) == ("fulfilled_late", 20, "2018-08-30")
    assert answer["deadlines"][0]["current"] == "2018-08-10"


def test_before_it_was_made_there_is_nothing_to_say(workspace):
    status, _, err = workspace("explain", "34964-B", "--as-of", "2018-07-01")
    assert status == 2
    assert "34964-B was made on 2018-07-13, after 2018-07-01" in err


def test_a_misspelt_id_gets_a_suggestion(workspace):
    status, _, err = workspace("show", "34964-C")
    assert (status, err) == (1, "gestand: there is no commitment 34964-C in the register; did you mean 34964-B?\n")


def test_recording_appends_to_the_ledger_and_refuses_nonsense(workspace):
    status, out, _ = workspace("record", "note", "34964-B", "--on", "2018-09-03", "--note", "filed", "--actor", "clerk")
    assert (status, out) == (0, f"written down as ledger #{_head(workspace)}: 34964-B note on 2018-09-03\n")
    status, _, err = workspace("record", "fulfilled", "34964-B", "--on", "2018-09-03")
    assert status == 1
    assert err.startswith("gestand: nothing was written down for 34964-B: it was fulfilled on 2018-08-30")


def test_one_letter_fulfils_several_or_none(workspace, tmp_path):
    rows = "".join(f"T{number},undertaking,Undertaking {number},nl/regering,nl/eerste-kamer\n" for number in (1, 2, 3))
    (tmp_path / "three.csv").write_text(f"id,kind,title,by,to\n{rows}")
    workspace("import", "three.csv")
    letter = ("--document", "letter of 2 September 2018")
    assert workspace("record", "partly-fulfilled", "T2", *letter)[0] == 0
    assert workspace("record", "fulfilled", "T2")[0] == 0
    head = _head(workspace)
    status, out, err = workspace("record", "fulfilled", "T1", "T2", "T3x", *letter)
    assert (status, out) == (1, "")
    lines = err.splitlines()
    assert lines[0] == "gestand: nothing was written down"
    assert lines[1].startswith("  T2: it was fulfilled on ")
    assert lines[2] == "  T3x: there is no commitment T3x in the register; did you mean T3?"
    assert _head(workspace) == head
    status, out, _ = workspace("record", "fulfilled", "T1", "T3", "T1", *letter)
    assert status == 0
    assert [line.partition(":")[0] for line in out.splitlines()] == [
        f"written down as ledger #{head + 1}",
        f"written down as ledger #{head + 2}",
    ]


def test_a_misspelt_event_gets_a_suggestion(workspace):
    status, _, err = workspace("record", "fullfilled", "34964-B")
    assert status == 2
    assert "'fullfilled' is no event; did you mean fulfilled?" in err


def _head(run):
    return int(run("verify")[1].partition("#")[2].split()[0])


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("record", "note", "34964-B", "--note", "x" * 2001), "'--note': this is longer than 2000 characters"),
        (("undo", "3", "--note", "x" * 2001), "'--note': this is longer than 2000 characters"),
        (("record", "note", "34964-B", "--actor", "Andr\udce9"), r"'Andr\udce9' is not written in UTF-8"),
        (("record", "extended", "34964-B"), "an extension names the new date"),
        (("record", "extended", "34964-B", "--to", "2018-02-31"), "February 2018 has 28 days"),
        (("record", "extended", "34964-B", "--to", "9999-12-31"), "9999-12-31 stands for no date"),
        (
            ("record", "fulfilled", "34964-B", "--on", "yesterday"),
            "'yesterday' is not a day; write one such as 2018-08-10",
        ),
        (("list", "--status", "latee"), "latee"),
        (("explain", "34964-B", "--why-not", "no-such-rule"), "there is no rule no-such-rule; the rules in use are "),
    ],
)
def test_wrong_use_leaves_with_2_and_says_what_is_wrong(workspace, words, complaint):
    status, _, err = workspace(*words)
    assert status == 2
    assert complaint in err


def test_list_filters_and_writes_for_programs(workspace):
    status, out, _ = workspace("list", "--status", "settled", "--by", "nl/regering", "--json")
    assert status == 0
    (row,) = json.loads(out)
    assert (row["id"], row["status"], row["original_due"]) == ("34964-B", "fulfilled_late", "2018-08-10")
    assert workspace("list", "--status", "overdue", "--kind", "reply")[1] == "no commitments fit; leave a filter out\n"


def test_an_empty_register_says_what_to_do(run, tmp_path):
    run("init")
    settings = tmp_path / "gestand.yaml"
    settings.write_text(settings.read_text().replace("packs: [nl-eerste-kamer, nl-terms]", "packs: []"))
    assert run("list")[1] == "no commitments yet; take a register file in with `gestand import FILE`\n"
    assert "There are no commitments in this account." in run("audit")[1]


def test_audit_writes_a_table_that_another_program_opens(workspace, tmp_path):
    assert workspace("audit", "--format", "csv", "-o", "audit.csv")[0] == 0
    rows = list(csv.DictReader(io.StringIO((tmp_path / "audit.csv").read_text(encoding="utf-8"))))
    (letter,) = [row for row in rows if row["id"] == "34964-B"]
    assert (letter["current_due"], letter["days_late_current"]) == ("2018-08-10", "20")


def test_audit_as_of_a_day_before_the_reply_finds_it_overdue(workspace):
    status, out, _ = workspace("audit", "--as-of", "2018-08-29", "--format", "json")
    assert status == 0
    (row,) = [row for row in json.loads(out)["rows"] if row["id"] == "34964-B"]
    assert (row["status"], row["days_late_current"]) == ("overdue", 19)


def test_verify_finds_the_ledger_whole_and_a_wrong_anchor_wanting(workspace):
    assert workspace("verify")[0] == 0
    status, out, _ = workspace("verify", "--anchor", "#999 0123456789abcdef")
    assert status == 1
    assert "999" in out


def test_tick_says_what_it_did_and_a_second_one_that_there_was_nothing(workspace):
    status, out, _ = workspace("tick", "--as-of", "2026-06-24")
    assert status == 0
    assert "digest to The clerk <clerk@example.org>" in out
    assert workspace("tick", "--as-of", "2026-06-24")[1] == "0 commitments assessed, 0 changed\n  0 sent\n"
    status, out, _ = workspace("tick", "--as-of", "2026-06-23")
    assert status == 1
    assert out == "nothing done: a later pass was made already, as of 2026-06-24 08:00 UTC+02:00\n"


@pytest.mark.parametrize("words", [("tick",), ("import", "commitments/example.yaml")])
def test_nothing_is_written_down_as_of_a_day_that_has_not_come(workspace, words):
    """A pass as of 2206 told people of the future, and no other ran before then."""
    before = workspace("verify")[1]
    status, _, err = workspace(*words, "--as-of", "2206-01-01")
    assert (status, err.splitlines()[-1]) == (
        2,
        ("Error: Invalid value for --as-of: 2206-01-01 has not come; `gestand next` and `gestand digest preview --on "
         "2206-01-01` look ahead, and write nothing down"),
    )  # fmt: skip
    assert workspace("verify")[1] == before


def test_a_preview_is_the_digest_and_leaves_no_trace(workspace):
    before = workspace("verify")[1]
    status, out, _ = workspace("digest", "preview", "--recipient", "clerk@example.org", "--as-of", "2026-11-24")
    assert status == 0
    assert "An example of a question that is still open" in out
    assert workspace("verify")[1] == before
    assert workspace("digest", "list")[1] == "no digest was made yet; `gestand tick` makes those that are due\n"


def test_the_digests_that_were_made_are_listed_and_what_became_of_each(workspace):
    assert workspace("tick", "--as-of", "2018-08-13")[0] == 0
    everybody = json.loads(workspace("digest", "list", "--json")[1])
    assert [(one["slot"], one["recipient"], one["state"]) for one in everybody] == [
        ("2018-08-06T07:00:00+00:00", "chair@example.org", "nothing to say"),
        ("2018-08-13T05:30:00+00:00", "clerk@example.org", "sent"),
    ]
    assert json.loads(workspace("digest", "list", "--recipient", "Clerk@example.org", "--json")[1]) == everybody[1:]
    assert workspace("digest", "list", "--recipient", "clerk@example.or")[1] == (
        "no digest was made for clerk@example.or yet; `gestand tick` makes those that are due\n"
    )
    assert "2018-08-13 05:30   clerk@example.org   sent" in workspace("digest", "list")[1]


def test_doctor_says_which_matcher_runs_and_that_all_is_well(workspace):
    status, out, _ = workspace("doctor")
    assert status == 0
    assert "matcher     durable_rules 2.0.28" in out or "matcher     reference" in out
    assert ": in order\n" in out


def test_help_answers_without_loading_what_it_does_not_need():
    """A number to hold: gestand --help in 0.3 s; what costs time is importing."""
    code = (
        "import sys, engine.cli; print([m for m in ('sqlalchemy','pydantic','jinja2','holidays') if m in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout == "[]\n"


def test_check_writes_its_problems_for_the_program_that_asks(run, tmp_path):
    (tmp_path / "bad.yaml").write_text("pack: bad\ntitel: A pack\n")
    status, out, err = run("check", "bad.yaml", "--format", "github")
    assert (status, err) == (1, "")
    assert out.startswith("::error file=bad.yaml,line=1,col=1::title is missing (add title: …)\n::error file=bad.yaml,")
    assert json.loads(run("check", "bad.yaml", "--format", "json")[1])[1]["path"] == "titel"
    assert json.loads(run("check", "bad.yaml", "--format", "sarif")[1])["version"] == "2.1.0"


PACK_WITH_TESTS = """\
pack: mine
title: My pack
rules:
  - id: reply
    title: A reply
    when: {kind: reply}
    due: 4 weeks after letter
    tests:
      - {name: good, given: {letter: 2018-07-13}, expect: {due: 2018-08-10}}
      - {name: gap, given: {letter: 2018-07-13}, expect: {due: 2018-08-13}, todo: not extended yet}
"""


def test_the_tests_of_packs_pass_and_known_gaps_are_listed(run, tmp_path):
    (tmp_path / "mine.yaml").write_text(PACK_WITH_TESTS)
    status, out, err = run("test", "mine.yaml")
    assert (status, err) == (0, "")
    assert out == (
        "known gap  mine/reply: “gap”: not extended yet\n"
        "2 tests of 1 rule: 1 passed, 1 todo\n"
        "coverage 66 %: 2 of 3 outcomes of rules and their conditions seen\n"
    )


def test_a_test_that_fails_is_shown_at_what_it_expected(run, tmp_path):
    (tmp_path / "mine.yaml").write_text(PACK_WITH_TESTS.replace("2018-08-10", "2018-08-09"))
    status, out, err = run("test", "mine.yaml")
    assert status == 1
    assert err.startswith(
        "mine.yaml:9:65: rules[0].tests[0].expect.due: mine/reply: “good”: wanted 2018-08-09, got 2018-08-10\n"
    )
    assert "2 tests of 1 rule: 1 failed, 1 todo\n" in out
    assert run("test", "mine.yaml", "--format", "github")[1].startswith("::error file=mine.yaml,line=9,col=65,")


def test_coverage_below_what_is_wanted_fails_and_says_what_is_missing(run, tmp_path):
    (tmp_path / "mine.yaml").write_text(PACK_WITH_TESTS)
    status, out, _ = run("test", "mine.yaml", "--coverage", "67")
    assert status == 1
    assert "not seen   mine/reply: “kind is reply” was never false\n" in out
    assert out.endswith("coverage 66 %: 2 of 3 outcomes of rules and their conditions seen (wanted 67 %)\n")
    assert run("test", "mine.yaml", "--coverage", "66")[0] == 0


def test_tests_are_reported_for_programs(run, tmp_path):
    (tmp_path / "mine.yaml").write_text(PACK_WITH_TESTS)
    status, out, _ = run("test", "mine.yaml", "--json", "--junit", "report.xml")
    assert status == 0
    report = json.loads(out)
    assert [one["verdict"] for one in report["tests"]] == ["passed", "todo"]
    assert (report["coverage"]["percent"], report["problems"]) == (66, [])
    assert 'testsuite name="mine.yaml" tests="2" failures="0"' in (tmp_path / "report.xml").read_text()


def test_the_tests_of_a_new_workspace_pass(workspace):
    status, out, err = workspace("test")
    assert (status, err) == (0, "")
    assert " passed\n" in out


def test_schemas_and_pages_are_written_and_checked(run, tmp_path):
    assert json.loads(run("schema", "pack")[1])["title"] == "Pack"
    assert run("schema")[0] == 2
    assert run("schema", "--into", "s", "--check")[0] == 1
    assert run("schema", "--into", "s")[0] == 0
    assert run("schema", "--into", "s", "--check")[:2] == (0, "s: up to date\n")
    (tmp_path / "mine.yaml").write_text(PACK_WITH_TESTS)
    assert run("docs", "mine.yaml", "--into", "d")[1] == "d/README.md written\nd/mine.md written\n"
    (tmp_path / "mine.yaml").write_text(PACK_WITH_TESTS.replace("A reply", "Another"))
    assert run("docs", "mine.yaml", "--into", "d", "--check")[:2] == (1, "d/mine.md is not up to date\n")


def test_check_reads_the_files_of_tests_too(workspace, tmp_path):
    (tmp_path / "rules" / "house_test.yaml").write_text("pack: hause-rules\ntests: {}\n")
    status, _, err = workspace("check")
    assert status == 1
    assert "house_test.yaml:1:7: pack: there is no pack hause-rules" in err
    assert "did you mean house-rules?" in err
    assert workspace("check", "rules/house_test.yaml")[0] == 1


def test_a_pass_with_a_broken_rule_file_does_nothing_and_says_which(workspace, tmp_path):
    """Half-written; a pass without it would drop what it asks for."""
    before = workspace("verify")[1]
    (tmp_path / "rules" / "house-rules.yaml").write_text("pack: house-rules\ntitle: Rules of this hou")
    (tmp_path / "rules" / "other.yaml").write_text("pack: other\ntitel: x\n")
    status, out, err = workspace("tick")
    assert (status, out) == (1, "")
    assert "other.yaml:2:1: titel: 'titel' is not known here" in err
    assert err.endswith("gestand: nothing was done: 2 problems in the files above; mend them first\n")
    assert workspace("verify")[1] == before


def test_with_broken_settings_nothing_is_done_at_all(workspace, tmp_path):
    (tmp_path / "gestand.yaml").write_text("store: gestand.db\ntimezone: Europe/Amsterdm\n")
    status, out, err = workspace("list")
    assert (status, out) == (1, "")
    assert err.startswith("gestand: nothing was done, for the settings have a mistake\n\ngestand.yaml:2:11: timezone: ")


def test_answers_that_lack_a_rule_file_say_so(workspace, tmp_path):
    (tmp_path / "rules" / "other.yaml").write_text("pack: other\ntitel: x\n")
    status, out, err = workspace("list", "--status", "settled")
    assert status == 0
    assert "34964-B" in out
    assert err == "gestand: 2 problems in rule files or calendars, which are left out; see gestand check\n"


@pytest.mark.parametrize("command", ["verify", "doctor"])
def test_a_damaged_register_is_refused_with_a_way_out(workspace, tmp_path, command):
    """A page of the file is overwritten."""
    file = tmp_path / "gestand.db"
    size = file.stat().st_size
    with file.open("r+b") as data:
        data.seek(size // 2)
        data.write(b"\xff" * 4096)
    status, _, err = workspace(command)
    assert status == 1
    assert "gestand.db is damaged or not a database (" in err
    assert "put back a copy with `gestand restore FILE --replace`, or move it away and import" in err
