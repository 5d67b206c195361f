"""Time stamps of the ledger by an authority of our own: asked for, carried, kept, checked; and what may be wrong."""

import dataclasses
import json
import socket
import sqlite3
import subprocess
import sys
from base64 import b64decode, b64encode
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from threading import Thread
from time import monotonic, sleep

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ExtendedKeyUsageOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from time_authority import make_authority, reply, serving

from commitments.ledger import register, witness
from commitments.ledger.chain import Head, canonical, seal
from commitments.ledger.witness import Stamp, Statement
from commitments.store import Store
from engine.cli import keeping
from engine.recording import authority, stamping
from engine.recording.witness import examine, now_and_then, summary
from engine.service.ping import Ping
from engine.service.reload import Watched
from engine.service.server import Service
from engine.session import open_session
from engine.workspace import clock

DAY = datetime(2026, 11, 26, 9, tzinfo=UTC)
SAID = "2026-11-26 09:00:00 UTC"


@pytest.fixture(autouse=True)
def time(monkeypatch):
    """Our clock, which a test may set; the authority's goes by it."""
    moment = [DAY]
    monkeypatch.setattr(clock, "now", lambda: moment[0])
    return moment


@pytest.fixture(scope="module")
def certified(tmp_path_factory):
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def tsa(certified):
    with serving(certified) as running:
        running.answers.clear()
        running.asked.clear()
        yield running


@pytest.fixture
def stamped(workspace, tsa):
    """A workspace with two commitments whose ledger is stamped."""
    assert workspace("witness", "--authority", tsa.address, "--ca", tsa.certificates)[0] == 0
    return workspace


def ledger_of(path="gestand.db"):
    with closing(sqlite3.connect(path)) as db, db:
        return db.execute("SELECT seq, at, actor, kind, commitment, payload FROM ledger ORDER BY seq").fetchall()


def rewrite(change):
    """Somebody with the database in hand: every entry as `change` makes it, sealed anew from first to last."""
    with closing(sqlite3.connect("gestand.db")) as db, db:
        rows = db.execute("SELECT seq, at, actor, kind, commitment, payload, body FROM ledger ORDER BY seq").fetchall()
        triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            db.execute(f'DROP TRIGGER "{name}"')
        db.execute("DELETE FROM ledger")
        head = Head()
        for row in rows:
            _, at, actor, kind, commitment, payload, body = change(row)
            payload = json.loads(payload)
            payload.pop("body", None)
            entry = seal(head, at=at, actor=actor, kind=kind, commitment=commitment, payload=payload, body=body)
            db.execute("INSERT INTO ledger VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", entry)
            head = entry.head
        for _, sql in triggers:
            db.execute(sql)


# ------------------------------------------------------------------------------------------------- asking and keeping


def test_a_stamp_is_asked_for_checked_and_kept_in_the_ledger(workspace, tsa):
    before = len(ledger_of())
    status, said, _ = workspace("witness", "--authority", tsa.address, "--ca", tsa.certificates, "--actor", "clerk")
    assert status == 0
    assert said == f"stamped by {tsa.address}: the ledger up to #{before}, {SAID}; kept as entry #{before + 1}\n"
    *_, (seq, at, actor, kind, commitment, payload) = ledger_of()
    assert (seq, at, actor, kind, commitment) == (before + 1, "2026-11-26T09:00:00.000000Z", "clerk", "witnessed", None)
    kept = json.loads(payload)
    assert {name: kept[name] for name in ("seq", "authority", "time")} == {
        "seq": before,
        "authority": tsa.address,
        "time": "2026-11-26T09:00:00.000000Z",
    }


def test_the_authority_sees_nothing_but_a_hash(workspace, tsa):
    assert workspace("witness", "--authority", tsa.address, "--ca", tsa.certificates)[0] == 0
    kept = json.loads(ledger_of()[-1][-1])
    statement = f"gestand ledger\n#{kept['seq']} {kept['hash']}\ntree {kept['tree']}\n"
    (query,) = tsa.asked
    assert sha256(statement.encode()).digest() in query
    assert len(query) < 100


def test_verify_checks_the_stamps_by_the_certificates_that_are_named(stamped, tsa):
    status, said, _ = stamped("verify", "--chain", "--ca", tsa.certificates)
    count = len(ledger_of()) - 1
    assert status == 0
    assert said.splitlines()[1:] == [f"1 time stamp holds; the last is of the ledger up to #{count}, {SAID}"]
    named = f"\nwitness: {{address: '{tsa.address}', certificates: {tsa.certificates}}}\n"
    Path("gestand.yaml").write_text(Path("gestand.yaml").read_text() + named)
    assert "1 time stamp holds" in stamped("verify", "--chain")[1]


def test_verify_says_how_many_it_could_not_check_without_certificates(stamped):
    status, said, _ = stamped("verify", "--chain")
    assert status == 0
    assert said.splitlines()[1] == (
        "1 time stamp was not checked against an authority: "
        "name the authority's certificates with --ca FILE, or under witness: in gestand.yaml"
    )


def test_openssl_checks_what_is_kept_without_us(stamped, tsa, tmp_path):
    kept = json.loads(ledger_of()[-1][-1])
    Path("said.txt").write_text(f"gestand ledger\n#{kept['seq']} {kept['hash']}\ntree {kept['tree']}\n")
    Path("stamp.tsr").write_bytes(b64decode(kept["stamp"]))
    at = str(int(DAY.timestamp()))
    asked = ["openssl", "ts", "-verify", "-data", "said.txt", "-in", "stamp.tsr", "-CAfile", tsa.certificates]
    assert subprocess.run([*asked, "-attime", at], capture_output=True, check=False).returncode == 0
    Path("said.txt").write_text(Path("said.txt").read_text() + " ")
    assert subprocess.run([*asked, "-attime", at], capture_output=True, check=False).returncode == 1


def test_stamps_are_listed(stamped, tsa):
    count = len(ledger_of())
    status, said, _ = stamped("witness", "--list")
    assert status == 0
    assert said.splitlines()[2].split() == [f"#{count}", f"#{count - 1}", "2026-11-26", "09:00:00", "UTC", tsa.address]
    (one,) = json.loads(stamped("witness", "--list", "--json")[1])
    fresh = json.loads(stamped("witness", "--authority", tsa.address, "--ca", tsa.certificates, "--json")[1])
    assert (fresh["entry"], fresh["seq"]) == (count + 1, count)
    assert (one["entry"], one["seq"], one["authority"]) == (count, count - 1, tsa.address)


def test_no_stamps_are_none(workspace):
    assert workspace("witness", "--list")[1] == "the ledger holds no time stamps\n"
    assert workspace("witness", "--list", "--json")[1] == "[]\n"
    assert "stamp" not in workspace("verify", "--chain")[1]


def test_an_empty_ledger_is_not_stamped(run, tsa):
    assert run("init")[0] == 0
    status, _, told = run("witness", "--authority", tsa.address, "--ca", tsa.certificates)
    assert (status, told) == (1, "gestand: the ledger has no entries yet; take something in, and ask then\n")


def test_nobody_named_is_said_with_the_way_out(workspace, tsa):
    way = "name it here, or under witness: in gestand.yaml: "
    way += "witness: {address: https://tsa.example.org, certificates: tsa.pem}\n"
    assert workspace("witness")[2] == f"gestand: no time stamping authority is named (--authority URL); {way}"
    told = workspace("witness", "--authority", tsa.address)[2]
    assert told == f"gestand: the authority's certificates are not named (--ca FILE); {way}"


def test_one_thing_at_a_time(workspace):
    assert workspace("witness", "--list", "--request", "a.tsq")[0] == 2


# ------------------------------------------------------------------------------------------------- without a network


def test_a_request_can_be_carried_and_its_answer_taken_in(workspace, tsa, time):
    status, said, _ = workspace("witness", "--request", "today.tsq")
    count = len(ledger_of())
    assert status == 0
    assert said.startswith(f"the request for a stamp of the ledger up to #{count} is in today.tsq;")
    assert workspace("record", "fulfilled", "EXAMPLE-1", "--on", "2026-11-26")[0] == 0  # life goes on meanwhile
    Path("answer.tsr").write_bytes(tsa.stamp(Path("today.tsq").read_bytes()))
    time[0] = DAY + timedelta(days=3)
    status, said, _ = workspace("witness", "--answer", "answer.tsr", "--ca", tsa.certificates)
    assert (status, said) == (0, f"stamped: the ledger up to #{count}, {SAID}; kept as entry #{count + 2}\n")
    assert (
        f"1 time stamp holds; the last is of the ledger up to #{count}"
        in (workspace("verify", "--chain", "--ca", tsa.certificates)[1])
    )


def test_an_answer_is_taken_in_once(workspace, tsa):
    workspace("witness", "--request", "today.tsq")
    Path("answer.tsr").write_bytes(tsa.stamp(Path("today.tsq").read_bytes()))
    assert workspace("witness", "--answer", "answer.tsr", "--ca", tsa.certificates)[0] == 0
    status, _, told = workspace("witness", "--answer", "answer.tsr", "--ca", tsa.certificates)
    assert status == 1
    assert told.startswith("gestand: this is no answer to a request of this register that waits for one;")


def test_an_answer_for_another_register_is_refused(workspace, tsa):
    other = stamping.request("gestand ledger\n#1 another one\n")
    Path("answer.tsr").write_bytes(tsa.stamp(other.query))
    status, _, told = workspace("witness", "--answer", "answer.tsr", "--ca", tsa.certificates)
    assert (status, "no answer to a request of this register" in told) == (1, True)


def test_an_answer_to_a_ledger_that_was_written_anew_meanwhile_is_refused(workspace, tsa):
    workspace("witness", "--request", "today.tsq")
    Path("answer.tsr").write_bytes(tsa.stamp(Path("today.tsq").read_bytes()))
    rewrite(lambda row: (*row[:2], "somebody else", *row[3:]))
    status, _, told = workspace("witness", "--answer", "answer.tsr", "--ca", tsa.certificates)
    count = len(ledger_of())
    assert (status, told) == (
        1,
        f"gestand: the stamp is of the ledger up to #{count}, and that is not what it holds: see `gestand verify`\n",
    )


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html>no</html>", id="a page"),
        pytest.param(b"\x30\x84\xff\xff\xff\xff", id="a length beyond the end"),
        pytest.param(b"0\x80" * 30_000, id="nested without end"),
        pytest.param(b"\x30\x03\x02\x01", id="cut off"),
    ],
)
def test_an_answer_that_is_none_is_refused(workspace, tsa, answer):
    Path("answer.tsr").write_bytes(answer)
    status, _, told = workspace("witness", "--answer", "answer.tsr", "--ca", tsa.certificates)
    assert (status, told) == (1, "gestand: the answer is no time stamp that can be read\n")


def test_an_answer_that_is_not_there_is_said(workspace):
    assert workspace("witness", "--answer", "nowhere.tsr")[0] == 1


# ------------------------------------------------------------------------------------------------- that fail


def refused(workspace, tsa):
    """What is told of an authority in vain; nothing was written."""
    before = ledger_of()
    status, _, told = workspace("witness", "--authority", tsa.address, "--ca", tsa.certificates)
    assert status == 1
    assert ledger_of() == before
    return told


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (b"HTTP/1.0 503 Later\r\n\r\n", "answers 503 'Later'"),
        (b"HTTP/1.0 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n", "answers 302 'Found'"),
        (b"nonsense\r\n\r\n", "cannot be reached: nonsense"),
        (reply(b"0" * 65_537), "answers more than 64 KiB, which no time stamp is"),
        (reply(b""), "gestand: the answer is no time stamp that can be read"),
        (b"", "cannot be reached: Remote end closed connection without response"),
        (reply(bytes.fromhex("30053003020102")), "gestand: the authority refused: status 2"),
    ],
)
def test_an_authority_that_gives_no_stamp_is_told(workspace, tsa, answer, told):
    tsa.answers.append(answer)
    assert told in refused(workspace, tsa)


def test_an_address_that_is_none_is_told(workspace, tsa):
    for address in (
        "ftp://tsa.example.org",
        "tsa.example.org",
        "https://",
        "http://a b/",
        "http://u:p@h/",
        "http://h:x/",
        "http://[::1",
    ):
        status, _, told = workspace("witness", "--authority", address, "--ca", tsa.certificates)
        assert (status, "is not an address" in told) == (1, True), address


def test_a_place_where_nobody_listens_is_told(workspace, tsa):
    status, _, told = workspace("witness", "--authority", "http://127.0.0.1:9/", "--ca", tsa.certificates)
    assert (status, told) == (1, "gestand: 127.0.0.1:9 cannot be reached: [Errno 111] Connection refused\n")


def test_an_authority_is_asked_through_the_proxy_of_the_environment(workspace, tsa, monkeypatch):
    monkeypatch.setenv("http_proxy", tsa.address)
    monkeypatch.setenv("no_proxy", "")
    address = "http://tsa.example.invalid/stamps"
    assert workspace("witness", "--authority", address, "--ca", tsa.certificates)[0] == 0
    assert tsa.paths[-1] == address
    monkeypatch.setenv("no_proxy", "tsa.example.invalid")
    assert "cannot be reached" in workspace("witness", "--authority", address, "--ca", tsa.certificates)[2]


def test_a_proxy_is_asked_for_a_tunnel_where_the_authority_speaks_tls(tsa, monkeypatch):
    monkeypatch.setenv("https_proxy", tsa.address)
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(authority.AuthorityError, match=r"^tsa\.example\.invalid cannot be reached"):
        authority.ask("https://tsa.example.invalid/stamps", b"query")
    assert tsa.asked == []


@pytest.mark.real_clock
def test_an_authority_that_dribbles_is_cut_off_in_time(tsa, monkeypatch):
    def slow(_query):
        sleep(1)
        return b"late"

    monkeypatch.setattr(tsa, "stamp", slow)
    with pytest.raises(authority.AuthorityError, match=r"gave no whole answer within 0\.3 seconds"):
        authority.ask(tsa.address, b"query", seconds=0.3)


@pytest.mark.real_clock
def test_an_answer_that_trickles_is_cut_off_in_time():
    """Each byte comes soon enough; all of them would take ten seconds."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def trickle():
            with listening.accept()[0] as line, suppress(OSError):
                line.recv(1000)
                for byte in b"HTTP/1.0 200 OK\r\nX: " + b"x" * 100:
                    line.send(bytes([byte]))
                    sleep(0.1)

        Thread(target=trickle, daemon=True).start()
        begun = monotonic()
        with pytest.raises(authority.AuthorityError, match=r"gave no whole answer within 0\.5 seconds"):
            authority.ask(f"http://127.0.0.1:{listening.getsockname()[1]}/", b"query", seconds=0.5)
        assert monotonic() - begun < 3


def test_a_stamp_by_somebody_else_is_refused(workspace, tsa, tmp_path, monkeypatch):
    """Another authority of the very same name: its key is not the one that was certified."""
    other = make_authority(tmp_path / "other")
    monkeypatch.setattr(tsa, "stamp", other.stamp)
    told = refused(workspace, tsa)
    why = "certificate signature failure"
    assert told == f"gestand: the time stamp does not hold by the certificates in {tsa.certificates}: {why}\n"


def test_a_stamp_by_a_certificate_for_another_purpose_is_refused(tsa):
    """A certified server of the same name and key, which was never meant to stamp."""
    answer = tsa.stamp(stamping.request("text").query)
    own, server = (
        tsa.certificate(purpose).public_bytes(Encoding.DER)
        for purpose in (ExtendedKeyUsageOID.TIME_STAMPING, ExtendedKeyUsageOID.SERVER_AUTH)
    )
    assert own in answer
    assert len(own) == len(server)
    assert stamping.checked(answer, "text", Path(tsa.certificates)) == DAY
    with pytest.raises(stamping.StampError, match=r"ca\.pem: unsuitable certificate purpose"):
        stamping.checked(answer.replace(own, server), "text", Path(tsa.certificates))


def test_a_stamp_of_something_else_or_for_somebody_else_is_refused(workspace, tsa):
    other = stamping.request("something else")
    tsa.answers.append(reply(tsa.stamp(other.query)))
    assert refused(workspace, tsa) == "gestand: the time stamp is of something else\n"
    with open_session(Path()) as session, session.store.reading() as tx:
        again = stamping.request(str(witness.current(tx)))  # the same, asked for by another number
    tsa.answers.append(reply(tsa.stamp(again.query)))
    assert refused(workspace, tsa) == "gestand: the time stamp answers another request\n"


@pytest.mark.parametrize(
    "text", ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_certificates_that_are_none_are_told(workspace, tsa, text):
    Path("tsa.pem").write_text(text)
    status, _, told = workspace("witness", "--authority", tsa.address, "--ca", "tsa.pem")
    assert (status, told.startswith("gestand: tsa.pem holds no certificates that can be used")) == (1, True)


def test_certificates_that_are_not_there_are_told(workspace, tsa):
    told = workspace("witness", "--authority", tsa.address, "--ca", "nowhere.pem")[2]
    assert told.startswith("gestand: nowhere.pem holds no certificates that can be used (No such file or directory)")


@pytest.mark.parametrize(
    "apart", [timedelta(minutes=-6), timedelta(minutes=6), timedelta(days=-200), timedelta(days=400)]
)
def test_a_clock_that_is_wrong_is_found_out_by_the_stamp(workspace, tsa, apart, monkeypatch):
    """Entries that are dated back by a faked clock cannot be stamped as such."""
    monkeypatch.setattr(tsa, "now", lambda: DAY + apart)
    told = refused(workspace, tsa)
    assert told.startswith(
        f"gestand: the stamp is of {DAY + apart:%Y-%m-%d %H:%M:%S} UTC, and it is, by this computer's"
    )
    assert told.endswith("a clock is wrong. Set this computer's right, and ask again\n")


@pytest.mark.parametrize("apart", [timedelta(minutes=-4), timedelta(minutes=4)])
def test_clocks_that_are_a_little_apart_do_no_harm(workspace, tsa, apart, monkeypatch):
    monkeypatch.setattr(tsa, "now", lambda: DAY + apart)
    assert workspace("witness", "--authority", tsa.address, "--ca", tsa.certificates)[0] == 0
    assert "1 time stamp holds" in workspace("verify", "--chain", "--ca", tsa.certificates)[1]


# ------------------------------------------------------------------------------------------------- found by verify


def verified(workspace, tsa):
    status, said, _ = workspace("verify", "--chain", "--ca", tsa.certificates)
    return status, said.splitlines()[1:]


def test_a_past_that_was_written_anew_is_found_by_its_stamp(stamped, tsa):
    """Every hash is right, and so are the triggers: only the stamp knows better."""
    rewrite(lambda row: (*row[:2], "somebody else", *row[3:]) if row[0] == 2 else row)
    count = len(ledger_of())
    assert stamped("verify", "--chain")[1].startswith("the ledger is whole")
    assert verified(stamped, tsa) == (1, [f"entry #{count}: the ledger up to #{count - 1} is not what was stamped"])


def test_mending_mends_no_stamp(stamped, tsa):
    rewrite(lambda row: (*row[:2], "somebody else", *row[3:]) if row[0] == 2 else row)
    assert stamped("verify", "--chain", "--mend", "--ca", tsa.certificates)[0] == 1


def test_a_stamp_that_is_put_on_what_was_written_anew_is_found(stamped, tsa):
    """The forger adjusts what the entry says it stamps; the authority signed something else."""
    rewrite(lambda row: (*row[:2], "somebody else", *row[3:]) if row[0] == 2 else row)
    count = len(ledger_of())
    with open_session(Path()) as session, session.store.reading() as tx:
        fresh = Statement(count - 1, register.entry(tx, count - 1).hash, witness.roots(tx, [count - 1])[count - 1])

    def adjusted(row):
        if row[3] != witness.KIND:
            return row
        payload = json.loads(row[5]) | {"hash": fresh.hash, "tree": fresh.root}
        return (*row[:5], canonical(payload), row[6])

    rewrite(adjusted)
    assert verified(stamped, tsa) == (1, [f"entry #{count}: the time stamp is of something else"])
    assert stamped("verify", "--chain")[0] == 1  # without certificates too


def changed_payload(**changes):
    def change(row):
        return (*row[:5], canonical(json.loads(row[5]) | changes), row[6]) if row[3] == witness.KIND else row

    return change


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"stamp": "no base64!"}, id="no base64"),
        pytest.param({"stamp": None}, id="nothing"),
        pytest.param({"seq": "many"}, id="no number"),
        pytest.param({"time": "yesterday"}, id="no moment"),
        pytest.param({"time": "2026-11-26T09:00:00"}, id="no zone"),
        pytest.param({"time": "9999-12-31T23:59:59-14:00"}, id="no moment in UTC"),
    ],
)
def test_a_stamp_that_cannot_be_read_is_named(stamped, tsa, change):
    rewrite(changed_payload(**change))
    assert verified(stamped, tsa) == (1, [f"entry #{len(ledger_of())}: its time stamp cannot be read"])


@pytest.fixture(scope="module")
def one_answer(certified):
    return dataclasses.replace(certified, now=lambda: DAY).stamp(stamping.request("text").query)


@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_answer_with_any_bytes_changed_is_a_stamp_of_that_moment_or_none(certified, one_answer, data):
    text, path = "text", Path(certified.certificates)
    answer = bytearray(one_answer)
    for _ in range(data.draw(st.integers(1, 4))):
        answer[data.draw(st.integers(0, len(answer) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(answer)) | st.just(len(answer)))
    with suppress(stamping.StampError):
        assert stamping.checked(bytes(answer[:cut]), text, path) == DAY


def test_what_is_no_stamp_in_its_place_is_named(stamped, tsa):
    rewrite(changed_payload(stamp=b64encode(b"nothing of the kind").decode()))
    assert verified(stamped, tsa) == (1, [f"entry #{len(ledger_of())}: the answer is no time stamp that can be read"])


def test_another_moment_beside_the_stamp_is_named(stamped, tsa):
    rewrite(changed_payload(time="2020-01-01T00:00:00.000000Z"))
    count = len(ledger_of())
    what = f"entry #{count}: its time stamp is of {SAID}, not of 2020-01-01 00:00:00 UTC as it says"
    assert verified(stamped, tsa) == (1, [what])


def test_a_stamp_of_more_than_there_was_is_named(stamped, tsa):
    count = len(ledger_of())
    for seq in (0, -1, count, count + 5, 10**18, 10**30):
        rewrite(changed_payload(seq=seq))
        assert verified(stamped, tsa) == (1, [f"entry #{count}: the ledger up to #{seq} is not what was stamped"])
        assert stamped("proof", "#1")[0] == 1


@pytest.mark.parametrize("damaged", ["zz", "\u00b2", "9" * 30])
def test_the_last_stamp_is_found_where_its_number_was_lost(stamped, damaged):
    with closing(sqlite3.connect("gestand.db")) as db, db:
        db.execute("UPDATE meta SET value = ? WHERE name = 'witness_last'", [damaged])
    status, out, _ = stamped("doctor")
    assert (status, f"{SAID}; kept as entry #{len(ledger_of())}" in out) == (0, True)


def with_stamp_at(tx, tsa, *, at, moment):
    """An entry that carries a stamp of the ledger as it is, of one moment, written down at another."""
    said = witness.current(tx)
    tsa.now = lambda: moment
    answer = tsa.stamp(stamping.request(str(said)).query)
    taken = Stamp(statement=said, authority="somebody", moment=moment, answer=answer)
    return witness.write(tx, taken, at=at, actor="clerk")


@pytest.fixture
def own(certified):
    return dataclasses.replace(certified, now=clock.now)


def test_entries_that_are_dated_back_are_named_by_their_stamp(place, own):
    """What the command line never writes: it refuses such a stamp. Here somebody wrote past it."""
    base = Store.open(place, new=True)
    later = DAY + timedelta(days=180)
    with base.writing() as tx:
        register.note(tx, "pack_loaded", {"n": 1}, at=DAY, actor="clerk")
        entry = with_stamp_at(tx, own, at=DAY, moment=later)
    with base.reading() as tx:
        (found,) = examine(tx, Path(own.certificates))
    base.close()
    assert (found.entry, found.wrong) == (
        entry.seq,
        f"its time stamp is of 2027-05-25 09:00:00 UTC, and it says {SAID}: it was dated back",
    )


def test_entries_from_the_future_are_named_by_their_stamp(place, own):
    base = Store.open(place, new=True)
    with base.writing() as tx:
        register.note(tx, "pack_loaded", {"n": 1}, at=DAY + timedelta(days=1), actor="clerk")
        with_stamp_at(tx, own, at=DAY + timedelta(days=1), moment=DAY)
    with base.reading() as tx:
        lines, well = summary(examine(tx, Path(own.certificates)))
    base.close()
    assert (lines, well) == (
        [f"entry #2: entry #1 says 2026-11-27 09:00:00 UTC, and was there when it was stamped, {SAID}"],
        False,
    )


def test_many_stamps_are_checked_in_one_pass_over_the_ledger(place, own):
    base = Store.open(place, new=True)
    with base.writing() as tx:
        for day in range(4):
            register.note(tx, "pack_loaded", {"n": day}, at=DAY + timedelta(days=day), actor="clerk")
            with_stamp_at(tx, own, at=DAY + timedelta(days=day), moment=DAY + timedelta(days=day))
    with base.reading() as tx:
        lines, well = summary(examine(tx, Path(own.certificates)))
    base.close()
    assert (lines, well) == (["4 time stamps hold; the last is of the ledger up to #7, 2026-11-29 09:00:00 UTC"], True)


def test_erasing_texts_leaves_the_stamps_whole(stamped, tsa):
    assert stamped("erase", "34964-B", "--reason", "asked for")[0] == 0
    assert verified(stamped, tsa)[0] == 0


def test_a_ledger_that_is_not_whole_has_its_own_fault_named_and_no_stamp(stamped, tsa):
    with closing(sqlite3.connect("gestand.db")) as db, db:
        for (name,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            db.execute(f'DROP TRIGGER "{name}"')
        db.execute("UPDATE ledger SET hash = 'x' WHERE seq = 2")
    status, said, _ = stamped("verify", "--chain", "--ca", tsa.certificates)
    assert (status, "stamp" in said) == (1, False)
    told = stamped("witness", "--authority", tsa.address, "--ca", tsa.certificates)[2]
    assert (
        told == "gestand: the ledger is not whole: `gestand verify` says what is wrong; nothing was stamped or proved\n"
    )


# ------------------------------------------------------------------------------------------------- now and then


@pytest.fixture
def settled(workspace, tsa):
    """A workspace whose settings name the authority."""
    named = f"\nwitness: {{address: '{tsa.address}', certificates: {tsa.certificates}}}\n"
    Path("gestand.yaml").write_text(Path("gestand.yaml").read_text() + named)
    return workspace


def test_a_pass_has_the_ledger_stamped_once_a_day(settled, tsa, time):
    assert "stamped by" in settled("tick")[1]
    assert "stamp" not in settled("tick")[1]
    time[0] = DAY + timedelta(hours=23)
    settled("record", "fulfilled", "EXAMPLE-1", "--on", "2026-11-26")
    assert "stamp" not in settled("tick")[1]
    time[0] = DAY + timedelta(hours=24)
    assert "stamped by" in settled("tick")[1]
    assert len(tsa.asked) == 2


def test_a_ledger_that_stands_still_is_not_stamped_again(settled, tsa, time):
    with open_session(Path()) as session:
        assert isinstance(now_and_then(session, DAY), Stamp)
        time[0] = DAY + timedelta(days=10)
        assert now_and_then(session, time[0]) is None


def test_an_authority_in_vain_stops_no_pass_and_is_let_alone_for_an_hour(settled, tsa, time):
    tsa.answers.append(b"HTTP/1.0 503 Later\r\n\r\n")
    status, said, _ = settled("tick")
    why = f"{tsa.address[7:-1]} answers 503 'Later'"
    assert (status, f"no time stamp: {why}" in said) == (0, True)
    witness_line = f"asked in vain on {SAID}: {why}"
    assert witness_line in settled("doctor")[1]
    time[0] = DAY + timedelta(minutes=59)
    assert "stamp" not in settled("tick")[1]
    time[0] = DAY + timedelta(minutes=60)
    assert "stamped by" in settled("tick")[1]
    said = settled("doctor")[1]
    assert "in vain" not in said
    assert f"witness     last stamped by {tsa.address}: the ledger up to #" in said


def test_a_pass_as_of_another_day_asks_nobody(settled, tsa):
    settled("tick", "--as-of", "2026-11-20")
    assert tsa.asked == []


def test_a_service_has_the_ledger_stamped_too(settled, tsa):
    with open_session(Path()) as session, session.store.acting(), closing(Watched(session)) as watched:
        service = Service(watched=watched, interval=30, ping=Ping(""))
        service.turn()
        service.turn()
    assert [row[3] for row in ledger_of()].count(witness.KIND) == 1


def test_doctor_says_that_there_is_none_yet(settled):
    assert (
        "witness     no time stamp yet; the next pass asks for one, and so does `gestand witness`"
        in settled("doctor")[1]
    )


@pytest.mark.parametrize(
    "said",
    [
        "{address: 'ftp://x.example', certificates: a.pem}",
        "{address: 'https://x.example'}",
        "{address: 'https://x.example', certificates: ''}",
        "{address: 'https://x.example', certificates: a.pem, every_hours: 0}",
    ],
)
def test_settings_that_do_not_hold_are_told_by_their_place(workspace, said):
    Path("gestand.yaml").write_text(Path("gestand.yaml").read_text() + f"\nwitness: {said}\n")
    status, _, told = workspace("check")
    assert (status, "gestand.yaml:" in told, "witness" in told) == (1, True, True)


# ------------------------------------------------------------------------------------------------- without the extra


MISSING = "time stamps need a package that is not installed; install it: pip install 'gestand[witness]'"


@pytest.fixture
def bare(monkeypatch):
    """As it is where `gestand[witness]` is not installed."""

    def hide():
        for name in ("rfc3161_client", "cryptography"):
            for loaded in [one for one in sys.modules if one == name or one.startswith(f"{name}.")]:
                monkeypatch.delitem(sys.modules, loaded)
            monkeypatch.setitem(sys.modules, name, None)

    return hide


def test_without_the_extra_a_sentence_says_how_to_get_it(workspace, tsa, bare):
    bare()
    for words in (("--authority", tsa.address), ("--request", "a.tsq")):
        status, _, told = workspace("witness", *words, "--ca", tsa.certificates)
        assert (status, told) == (
            1,
            f"gestand: {MISSING}\n",
        )


def test_without_the_extra_verify_says_how_many_it_could_not_check(stamped, tsa, bare):
    bare()
    status, said, _ = stamped("verify", "--chain", "--ca", tsa.certificates)
    assert (status, said.splitlines()[1]) == (
        0,
        f"1 time stamp was not checked against an authority: {MISSING}",
    )
    rewrite(lambda row: (*row[:2], "somebody else", *row[3:]) if row[0] == 2 else row)
    assert (
        stamped("verify", "--chain")[0] == 1
    )  # what the ledger holds is compared with what its entry says all the same


def test_no_command_loads_the_extra_that_does_not_need_it():
    loaded = "import sys; from engine.cli import keeping, setting, running, witnessing; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True, check=True).stdout.split()
    assert not {"rfc3161_client", "cryptography"} & set(modules)
    assert keeping.verify_command.name == "verify"
