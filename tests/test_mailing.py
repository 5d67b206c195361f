"""The commands about mail on its way, as people use them."""

import json
from datetime import UTC, datetime

import pytest

from commitments import store
from commitments.ledger import register
from commitments.store import Store
from notifications.outbox import suppression
from notifications.outbox.suppression import Kind


@pytest.fixture
def waiting(workspace, tmp_path):
    """A workspace with two digests made and sent, and a function that changes how they stand."""
    assert workspace("tick", "--as-of", "2018-08-13")[0] == 0

    def change(number, **values):
        opened = Store.open(tmp_path / "gestand.db", new=True)
        with opened.writing() as tx:
            tx.execute(store.outbox.update().where(store.outbox.c.id == number).values(**values))
        opened.close()

    return change


def kinds(tmp_path):
    opened = Store.open(tmp_path / "gestand.db")
    with opened.reading() as tx:
        found = [(entry.kind, entry.actor, entry.body) for entry in register.entries(tx)]
    opened.close()
    return found


def test_an_outbox_in_which_nothing_waits_says_so(workspace, waiting):
    assert workspace("outbox") == (0, "nothing waits and nothing was refused; 1 message sent so far\n", "")
    assert workspace("outbox", "--state", "dead") == (0, "no message is dead\n", "")
    assert workspace("outbox", "--json") == (0, "[]\n", "")


def test_what_was_refused_is_listed_with_why(workspace, waiting):
    waiting(1, state="failed", last_error="550 5.1.1 no such user")
    status, out, _ = workspace("outbox")
    assert status == 0
    assert [" ".join(line.split()) for line in out.splitlines() if line.strip()][::2] == [
        "id state recipient attempts next try (UTC) why",
        "1 failed clerk@example.org 1 550 5.1.1 no such user",
    ]
    [letter] = json.loads(workspace("outbox", "--state", "failed", "--json")[1])
    assert (letter["id"], letter["state"], letter["about"]) == (1, "failed", "digest")


def test_a_message_is_shown_with_what_it_says(workspace, waiting):
    waiting(1, state="queued", next_try_at="2018-08-13T08:00:00.000000Z", last_error="451 greylisted", doubtful=True)
    status, out, _ = workspace("outbox", "show", "1")
    assert status == 0
    assert "state        queued\nrecipient    clerk@example.org\n" in out
    assert "next try at  2018-08-13 08:00\n" in out
    assert "34964-B" in out
    assert workspace("outbox", "show", "1", "--raw")[1].startswith("From: Gestand <gestand@example.org>")
    assert "(perhaps delivered)" in " ".join(workspace("outbox")[1].split())
    assert workspace("outbox", "show", "9")[::2] == (
        1,
        "gestand: the outbox has no message 9; `gestand outbox --all` lists them\n",
    )


def test_a_dead_message_is_tried_again_and_arrives(workspace, waiting, tmp_path):
    waiting(1, state="dead", queued_at="2018-08-01T00:00:00.000000Z")
    assert workspace("outbox", "retry", "--dead", "--actor", "clerk") == (
        0,
        "1 message will be tried at the next pass\n",
        "",
    )
    assert workspace("outbox", "retry", "--dead")[1] == "no message is dead\n"
    assert workspace("tick")[0] == 0
    assert workspace("outbox")[1].startswith("nothing waits")
    assert ("digest_retried", "clerk") in [(kind, actor) for kind, actor, _ in kinds(tmp_path)]


def test_what_was_erased_is_not_sent_empty(workspace, waiting):
    waiting(1, state="failed")
    assert workspace("erase", "34964-B", "--reason", "asked by J. Jansen")[0] == 0
    status, _, complaint = workspace("outbox", "retry", "1")
    gone = "gestand: what message 1 said was erased, and there is nothing left to send"
    assert (status, complaint) == (1, f"{gone}; `gestand outbox drop 1 --reason WHY` lets it go\n")
    assert workspace("tick")[0] == 0


def test_what_was_sent_is_neither_tried_again_nor_dropped(workspace, waiting):
    assert workspace("outbox", "retry", "1")[::2] == (
        1,
        "gestand: message 1 is sent and cannot be tried again; one that is dead, dropped, failed, queued can\n",
    )
    assert workspace("outbox", "drop", "1", "--reason", "x")[0] == 1
    assert workspace("outbox", "retry")[0] == 2


def test_a_message_is_dropped_for_a_reason(workspace, waiting, tmp_path):
    waiting(1, state="failed")
    status, out, _ = workspace("outbox", "drop", "1", "--reason", "told by telephone", "--actor", "clerk")
    assert (status, out) == (0, "message 1 will not be sent: told by telephone\n")
    kind, actor, payload = kinds(tmp_path)[-1]
    assert (kind, actor) == ("digest_dropped", "clerk")
    assert '"reason":"told by telephone"' in payload


def test_a_suppressed_address_is_listed_and_released(workspace, waiting, tmp_path):
    assert workspace("outbox", "suppressed")[1] == (
        "every address gets its mail: nobody unsubscribed, and no mailbox is known to be gone\n"
    )
    opened = Store.open(tmp_path / "gestand.db")
    with opened.writing() as tx:
        moment = register.latest(tx, datetime(2018, 8, 14, tzinfo=UTC))
        suppression.suppress(tx, "Chair@example.org", Kind.BOUNCED, at=moment, actor="bounces", detail="550 5.1.1 no")
    opened.close()
    since = f"bounced since {moment:%Y-%m-%d}"
    assert f"chair@example.org   {since}   550 5.1.1 no" in workspace("outbox", "suppressed")[1]
    waiting(
        1,
        state="dropped",
        recipient="chair@example.org",
        address="Chair@example.org",
        last_error=since,
    )
    assert workspace("outbox", "release", "chair@example.org")[1] == (
        f"chair@example.org gets mail again; it was {since}\n"
        "dropped meanwhile, and not sent by itself: 1; `gestand outbox --all` lists what was dropped, "
        "`gestand outbox retry ID` has it sent\n"
    )
    assert workspace("outbox", "release", "chair@example.org")[1] == (
        "chair@example.org gets its mail already; `gestand outbox suppressed` lists those that do not\n"
    )
