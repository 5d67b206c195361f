"""Ends other than mail in a workspace: told as recipients are, each by its own way, and in nobody else's way."""

import json
import sys

import pytest
from test_webhook import receiver  # noqa: F401 - a fixture

ENDS = """
ends:
  - name: dashboard
    webhook: {{url: "http://127.0.0.1:{port}/hook", secret_env: HOOK_SECRET}}
    cadence: weekdays 07:30
  - name: channel
    chat: {{url_env: CHAT_URL}}
    roles: [clerk]
"""

APPRISE = '''
"""A stand-in for apprise with its three calls, for the package is an extra."""
told = []

class Apprise:
    def add(self, address):
        return address.startswith("json://")

    def notify(self, title, body):
        told.append((title, body))
        return True
'''


@pytest.fixture
def ends(workspace, tmp_path, receiver, monkeypatch):  # noqa: F811
    monkeypatch.setenv("HOOK_SECRET", "hook-secret-7")
    monkeypatch.setenv("CHAT_URL", "json://chat-secret-7@127.0.0.1")
    monkeypatch.setitem(sys.modules, "apprise", None)
    with (tmp_path / "gestand.yaml").open("a") as settings:
        settings.write(ENDS.format(port=receiver.port))
    return workspace


def states(run):
    return {letter["recipient"]: letter["state"] for letter in json.loads(run("outbox", "--all", "--json")[1])}


def test_ends_hear_what_recipients_hear_and_one_that_does_not_work_is_in_nobodys_way(ends, receiver):  # noqa: F811
    assert ends("check")[0] == 0
    status, out, _ = ends("tick", "--as-of", "2018-08-13")
    assert status == 0
    assert "2 sent, 1 put off: chats need one more package: pip install 'gestand[chat]'" in out
    assert states(ends) == {"clerk@example.org": "sent", "webhook:dashboard": "sent", "chat:channel": "queued"}
    [(path, headers, body)] = receiver.received
    assert path == "/hook"
    assert json.loads(body)["id"] == headers["Gestand-Id"]
    assert json.loads(body)["sections"]


def test_a_chat_gets_a_title_and_a_line_for_each_commitment(ends, tmp_path, monkeypatch):
    monkeypatch.delitem(sys.modules, "apprise")
    (tmp_path / "apprise.py").write_text(APPRISE)
    monkeypatch.syspath_prepend(str(tmp_path))
    assert ends("tick", "--as-of", "2018-08-13")[0] == 0
    import apprise

    [(title, body)] = apprise.told
    assert title == "1 newly overdue · 13 August 2018"
    assert body.startswith("Newly overdue\n- 34964-B: Vervolgvragen over ")


def test_no_secret_gets_into_the_store_or_into_what_is_said(ends, tmp_path):
    said = [
        ends(*words)
        for words in (("tick", "--as-of", "2018-08-13"), ("outbox", "--all"), ("doctor",), ("check",), ("verify",))
    ]
    held = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    for secret in ("hook-secret-7", "chat-secret-7"):
        assert secret not in str(said)
        assert secret.encode() not in held


def test_an_end_that_is_gone_from_the_settings_keeps_what_it_has_not_got(ends, tmp_path):
    assert ends("tick", "--as-of", "2018-08-13")[0] == 0
    settings = tmp_path / "gestand.yaml"
    settings.write_text(settings.read_text().replace("name: channel", "name: other"))
    assert ends("outbox", "retry", "3")[0] == 0
    assert "gestand.yaml has no end channel any more" in ends("tick", "--as-of", "2018-08-13")[1]


@pytest.mark.parametrize(
    ("end", "said"),
    [
        ("{name: x}", "say which kind of end it is: webhook: {url: …}, chat: {url_env: …} or feed: {file: …}"),
        ("{name: x y, chat: {url_env: A}}", "name"),
        ("{name: x, chat: {}}", "say where the address of the chat stands"),
        ("{name: x, webhook: {url: 'http://example.org', secret_env: A}}", "it must begin with https://"),
    ],
)
def test_an_end_that_cannot_be_is_told_with_its_place(workspace, tmp_path, end, said):
    with (tmp_path / "gestand.yaml").open("a") as settings:
        settings.write(f"\nends:\n  - {end}\n")
    status, _, err = workspace("check")
    assert status == 1
    assert said in err
    assert "gestand.yaml:" in err


def test_two_ends_of_one_name_are_told(workspace, tmp_path):
    with (tmp_path / "gestand.yaml").open("a") as settings:
        settings.write("\nends:\n" + 2 * "  - {name: x, chat: {url_env: A}}\n")
    assert "chat:x is there twice" in workspace("check")[2]
