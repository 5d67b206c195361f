"""`gestand check` with what lint finds: errors fail, warnings only where that is asked for."""

CHAIR = "roles: [chair]"


def test_a_role_that_nobody_holds_is_a_warning(workspace, tmp_path):
    settings = tmp_path / "gestand.yaml"
    settings.write_text(settings.read_text().replace(CHAIR, "roles: [boss]"))
    status, out, err = workspace("check")
    assert status == 0
    assert out.endswith(": 3 warnings\n")  # the starter's rule has it, and two of the pack that ships
    assert (
        "rules/house-rules.yaml:17:18: warning: rules[0].notices.escalate[0]: "
        "no recipient holds the role chair, so nobody gets this notice\n"
        "  17 |       escalate: [{at: 3 weeks after, to: chair}]\n"
        "     |                  ^\n"
        "  hint: give someone in gestand.yaml roles: [chair]; those held are: boss, clerk\n"
    ) in err
    assert workspace("check", "--strict")[0] == 1


def test_a_rule_that_nothing_fits_is_an_error(workspace, tmp_path):
    rules = tmp_path / "rules" / "house-rules.yaml"
    rules.write_text(
        rules.read_text().replace("{kind: question, to: house}", "{kind: question, not: {kind: question}}")
    )
    status, out, err = workspace("check")
    assert status == 1
    assert out.endswith(": 1 problem, 2 warnings\n")  # nobody sets a deadline for the example now
    assert "no commitment can fit this rule: kind is question and not (kind is question)" in err


def test_a_register_file_with_an_undated_kind_is_told(workspace, tmp_path):
    (tmp_path / "commitments" / "pledges.csv").write_text("id,kind,title,by,to\nP-1,pledge,A pledge,a,b\n")
    status, _, err = workspace("check")
    assert status == 0
    assert err.startswith("commitments/pledges.csv: warning: no rule in use sets a deadline for the pledge P-1")


def test_a_file_by_itself_is_linted_too(workspace, tmp_path):
    (tmp_path / "mine.yaml").write_text(
        "pack: mine\ntitle: Mine\nrules:\n  - {id: one, title: One, when: {kind: reply}, due: 4 weeks after letter}\n"
    )
    status, out, err = workspace("check", "mine.yaml")
    assert (status, out) == (0, "1 file, 1 rule: 2 warnings\n")
    assert "mine.yaml:4:10: warning: rules[0].id: one has no test\n" in err
