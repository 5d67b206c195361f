"""A register damaged at random: every command says in a sentence what it meets, and none breaks off."""

from benchmarks.flips import tried


def test_no_command_breaks_off_on_a_register_damaged_at_random(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    count, broken, _ = tried(15, seed=11)
    assert not broken, broken[0]
    assert count["values and bytes turned"] >= 15
    assert count["verify: 1"] > count["verify: 0"]
