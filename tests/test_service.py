"""How the service is, asked on its port: health, metrics, and what happens to those who ask for something else."""

import http.client
import json
import logging
import socket
import threading
import time
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from mail_server import free_port
from prometheus_client.parser import text_string_to_metric_families

from commitments import store
from commitments.ledger import register
from commitments.ledger.chain import stamp
from commitments.ledger.moments import ClockBehindError
from commitments.store import GoneStoreError
from engine.service import health
from engine.service.http import PortTakenError, listening
from engine.service.ping import Ping
from engine.service.reload import Watched
from engine.service.scheduler import Heartbeat
from engine.service.server import Service
from engine.session import open_session
from engine.workspace.clock import TwoClocks
from engine.workspace.settings import ServiceSettings

NOW = datetime(2026, 11, 26, 8, tzinfo=UTC)


@pytest.fixture
def service(workspace, tmp_path):
    """A service of a new workspace, before its first pass."""
    with open_session(tmp_path) as session, closing(Watched(session)) as watched:
        yield Service(watched=watched, interval=30, ping=Ping(""))


@contextmanager
def asking(service):
    """A function that asks the service's port: the status, the headers, the text."""
    with listening(ServiceSettings(port=free_port()), service.respond) as port:

        def ask(path, method="GET", body=None, headers=None):
            there = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
            there.request(method, path, body, headers or {})
            answer = there.getresponse()
            text = answer.read().decode()
            there.close()
            return answer.status, dict(answer.headers), text

        yield ask


def test_health_is_well_after_a_pass(service):
    service.turn()
    service.heartbeat.passes = 1
    with asking(service) as ask:
        status, headers, text = ask("/health")
        assert (status, headers["Content-Type"]) == (200, "application/json; charset=utf-8")
        assert headers["Cache-Control"] == "no-store"
        told = json.loads(text)
        assert (told["status"], told["troubles"], told["passes"], told["failed_passes"]) == ("ok", [], 1, 0)
        assert told["messages"] == {"queued": 0, "sending": 0, "failed": 0, "dead": 0}
        assert told["oldest_waiting"] is None
        assert ask("/health", "HEAD")[::2] == (200, "")


def test_health_is_red_where_no_pass_ends_and_where_the_last_one_failed(service):
    service.heartbeat.at -= 120
    service.heartbeat.failing = "gestand.db cannot grow (disk full)"
    with asking(service) as ask:
        status, _, text = ask("/health")
        told = json.loads(text)
        assert (status, told["status"]) == (503, "failing")
        assert told["troubles"][0].startswith("no pass has ended for 12")
        assert told["troubles"][1] == "the last pass failed: gestand.db cannot grow (disk full)"


def test_health_is_red_where_the_register_cannot_be_read(service, tmp_path):
    base = service.watched.session.store
    base.close()
    for ending in ("", "-wal", "-shm"):
        (tmp_path / f"gestand.db{ending}").unlink(missing_ok=True)
    (tmp_path / "gestand.db").write_bytes(b"this is not a database, however long it goes on" * 100)
    found = health.examine(base, Heartbeat(), interval=30, now=lambda: NOW)
    assert not found.well
    assert "is damaged or not a database" in found.troubles[0]


def test_where_the_register_is_gone_prometheus_is_told_that_the_service_is_not_well_and_health_says_so_once(
    service, tmp_path
):
    service.turn()
    service.watched.session.store.close()
    (tmp_path / "gestand.db").rename(tmp_path / "elsewhere.db")
    with pytest.raises(GoneStoreError) as raised:
        service.turn()
    service.heartbeat.failing = str(raised.value)
    with asking(service) as ask:
        status, _, text = ask("/metrics")
        told = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
        assert (status, [one.value for one in told if one.name == "gestand_up"]) == (200, [0.0])
        assert not [one for one in told if one.name == "gestand_commitments"]
        assert json.loads(ask("/health")[2])["troubles"] == [f"the last pass failed: {raised.value}"]


def queue(tx, number, state, queued_at):
    tx.execute(
        store.digest.insert().values(id=number, recipient=f"{number}@example.org", slot=str(number), state="queued")
    )
    tx.execute(
        store.outbox.insert().values(
            digest=number,
            recipient=f"{number}@example.org",
            address=f"{number}@example.org",
            message_id=f"<{number}@x>",
            sha256="",
            state=state,
            queued_at=stamp(queued_at),
        )
    )


def test_health_tells_of_what_waits_too_long_and_counts_dead_letters(service):
    base = service.watched.session.store
    with base.writing() as tx:
        queue(tx, 1, "queued", NOW - timedelta(hours=3))
        queue(tx, 2, "dead", NOW - timedelta(days=9))
        queue(tx, 3, "sent", NOW - timedelta(days=9))
    found = health.examine(base, Heartbeat(), interval=30, now=lambda: NOW)
    assert found.messages == {"queued": 1, "sending": 0, "failed": 0, "dead": 1}
    assert found.oldest_waiting == 3 * 3600
    assert found.troubles == ("a message has waited for 3 h; `gestand outbox` says why",)


def test_a_copy_that_is_held_says_so_is_well_and_leaves_the_switch_of_the_original_alone(service):
    service.ping.address = f"http://127.0.0.1:{free_port()}/"  # where nobody answers
    reason = "it is a copy, and the original may still be at work"
    with service.watched.session.store.writing() as tx:
        store.remember(tx, store.HELD, reason)
        queue(tx, 1, "queued", NOW - timedelta(days=365))
    service.turn()
    with asking(service) as ask:
        status, _, text = ask("/health")
        assert (status, json.loads(text)["held"]) == (200, reason)
        assert "gestand_held 1.0" in ask("/metrics")[2]
        assert service.ping.reached
        with service.watched.session.store.writing() as tx:
            store.forget(tx, store.HELD)
        service.turn()
        assert json.loads(ask("/health")[2])["held"] == ""
        assert "gestand_held 0.0" in ask("/metrics")[2]
        assert eventually(lambda: not service.ping.reached)


def test_metrics_are_read_by_prometheus_own_parser(service):
    service.turn()
    with asking(service) as ask:
        status, headers, text = ask("/metrics")
    assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    samples = {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    assert samples[("gestand_up",)] == 1
    assert samples[("gestand_messages", "dead")] == 0
    assert samples[("gestand_commitments", "fulfilled_late")] >= 1
    assert samples[("gestand_passes_total",)] == 0
    assert samples[("gestand_pass_age_seconds",)] >= 0


def test_what_is_not_there_is_not_found_and_nobody_is_told_more(service):
    with asking(service) as ask:
        for path, method in (("/", "GET"), ("/health", "POST"), ("/../etc/passwd", "GET"), ("/unsubscribe", "GET")):
            status, headers, text = ask(path, method, b"" if method == "POST" else None)
            assert status == 404, path
            assert headers["Server"] == "gestand"
            assert text == "there is nothing here; /health tells how the service is\n"
        assert ask("/health", "DELETE")[0] == 501


def test_a_body_that_is_too_long_or_has_no_length_is_not_read(service):
    with asking(service) as ask:
        assert ask("/health", "POST", b"x" * 1025)[0] == 413
        assert ask("/health", "POST", b"401\r\n", headers={"Transfer-Encoding": "chunked"})[0] == 413
        assert ask("/health", "POST", headers={"Content-Length": "-5"})[0] == 400


def test_a_mistake_of_ours_is_said_and_the_path_is_kept_out_of_the_log(caplog):
    def fails(_asked):
        raise RuntimeError("no")

    with listening(ServiceSettings(port=free_port()), fails) as port:
        there = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        there.request("GET", "/unsubscribe/secret-token")
        assert there.getresponse().status == 500
    assert "GET /unsubscribe could not be answered" in caplog.text
    assert "secret-token" not in caplog.text


def test_a_port_that_is_taken_stops_the_service_where_the_settings_name_it(caplog):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(PortTakenError) as trouble, listening(ServiceSettings(port=port), lambda _: None):
            pass
        assert str(trouble.value) == (
            f"the service cannot listen on 127.0.0.1:{port} (Address already in use); name another port as "
            "`service: {port: …}` in gestand.yaml, or 0 for none"
        )
        usual = ServiceSettings.model_construct(_fields_set=set(), host="127.0.0.1", port=port, ping="")
        with caplog.at_level(logging.WARNING, "gestand"), listening(usual, lambda _: None) as there:
            assert there == 0
        assert "cannot listen" in caplog.text


def test_port_0_listens_nowhere():
    with listening(ServiceSettings(port=0), lambda _: None) as there:
        assert there == 0


def test_a_clock_that_was_set_forward_is_in_the_ledger_and_in_health(service, monkeypatch):
    service.turn()
    service.clocks.run -= 30
    service.clocks.wall -= timedelta(hours=8)
    service.turn()
    with service.watched.session.store.reading() as tx:
        notes = [json.loads(entry.payload) for entry in register.entries(tx) if entry.kind == "clock_jump"]
    assert len(notes) == 1
    jumped = datetime.fromisoformat(notes[0]["to"]) - datetime.fromisoformat(notes[0]["from"])
    assert abs(jumped - timedelta(hours=8)) < timedelta(minutes=2)
    assert service.heartbeat.jumps == 1


@pytest.mark.at("2026-11-26T07:00")
@pytest.mark.parametrize(
    "jump",
    [timedelta(hours=8), timedelta(days=3653), timedelta(hours=-1), timedelta(days=-1), timedelta(days=-731)],
    ids=str,
)
def test_whatever_the_clock_does_no_slot_has_two_digests(service, monkeypatch, jump):
    clock = [datetime(2026, 11, 26, 8, tzinfo=UTC), 1000.0]
    monkeypatch.setattr("engine.workspace.clock.now", lambda: clock[0])
    monkeypatch.setattr("engine.workspace.clock.running", lambda: clock[1])
    service.clocks.wall, service.clocks.run = clock
    waited = 0
    for moved in (timedelta(), jump, timedelta(), -jump, timedelta()):
        clock[0] += timedelta(seconds=30) + moved
        clock[1] += 30
        try:
            service.turn()
        except ClockBehindError:
            waited += 1
    base = service.watched.session.store
    with base.reading() as tx:
        slots = [(row.recipient, row.slot) for row in tx.execute(store.digest.select())]
        notes = [entry for entry in register.entries(tx) if entry.kind == "clock_jump"]
        told = [(row.recipient, row.notice) for row in tx.execute(store.told.select())]
    assert len(slots) == len(set(slots))
    assert len(told) == len(set(told))
    # a clock that was set ahead is known to have been wrong when it is right again; one that was set back at once
    assert (waited, len(notes)) == (2, 1)


class Switch(BaseHTTPRequestHandler):
    """Stands for healthchecks.io."""

    status = 200
    asked = 0

    def do_GET(self):
        Switch.asked += 1
        self.send_response(Switch.status)
        self.end_headers()

    def log_message(self, *_words):
        pass


def eventually(holds):
    for _ in range(100):
        if holds():
            return True
        time.sleep(0.02)
    return False


def test_the_dead_mans_switch_is_asked_and_its_silence_is_told_once(caplog):
    caplog.set_level(logging.INFO, "gestand")
    with HTTPServer(("127.0.0.1", 0), Switch) as there:
        threading.Thread(target=there.serve_forever, daemon=True).start()
        ping = Ping(f"http://127.0.0.1:{there.server_address[1]}/secret-uuid")
        ping.ask()
        assert eventually(lambda: Switch.asked == 1)
        Switch.status = 500
        for asked in (2, 3):
            assert eventually(lambda: not ping._asking.locked())
            ping.ask()
            assert eventually(lambda wanted=asked: Switch.asked == wanted and not ping._asking.locked())
        Switch.status = 200
        ping.ask()
        assert eventually(lambda: ping.reached and not ping._asking.locked())
        there.shutdown()
    assert caplog.text.count("service.ping cannot be reached: HTTP Error 500") == 1
    assert caplog.text.count("service.ping can be reached again") == 1
    assert "secret-uuid" not in caplog.text


def test_a_switch_that_does_not_speak_http_is_told_as_one_that_cannot_be_reached(caplog):
    with socket.create_server(("127.0.0.1", 0)) as there:
        ping = Ping(f"http://127.0.0.1:{there.getsockname()[1]}/secret-uuid")
        ping.ask()
        visitor, _ = there.accept()
        with visitor:
            visitor.sendall(b"220 mail.example.org\r\n")
            assert eventually(lambda: not ping._asking.locked())
    assert "service.ping cannot be reached" in caplog.text
    assert "secret-uuid" not in caplog.text


@pytest.mark.parametrize("address", ["file:///etc/passwd", "https://hc-ping.com/a b", "https://"])
def test_only_addresses_of_the_web_are_asked(run, tmp_path, address):
    assert run("init")[0] == 0
    with (tmp_path / "gestand.yaml").open("a") as file:
        file.write(f"service: {{ping: '{address}'}}\n")
    status, _, complaint = run("list")
    assert status == 1
    assert "service.ping: this is not an address to ask" in complaint
    assert "hint: write one such as https://hc-ping.com/…" in complaint


def test_two_clocks_start_together():
    assert TwoClocks().jumped(datetime.now(UTC), TwoClocks().run) == timedelta()
