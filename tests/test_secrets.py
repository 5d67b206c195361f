"""Secrets get nowhere: after passes that log in to a mail server, the password is in no file, no log, and no answer."""

import base64
import logging
from contextlib import closing

import pytest
from aiosmtpd.smtp import AuthResult
from mail_server import context, mail_server

from engine.service.http import Asked
from engine.service.ping import Ping
from engine.service.reload import Watched
from engine.service.server import Service
from engine.session import open_session

PASSWORD = "hunter2-Dulcinea"
SENT = [PASSWORD.encode(), *(base64.b64encode(text.encode()) for text in (PASSWORD, f"\0gestand\0{PASSWORD}"))]
"""The password, and the two ways in which it goes to a server."""
SETTINGS = """
  deliver: smtp
  smtp:
    host: localhost
    port: {port}
    tls: starttls
    ca_file: {ca_file}
    user: gestand
    {place}
"""


def lets_in(_server, _session, _envelope, _mechanism, data):
    return AuthResult(success=data.password == PASSWORD.encode())


def repeats(_server, _session, _envelope, _mechanism, data):
    """As no server should: it says what it was told, in every form."""
    said = " ".join(secret.decode() for secret in SENT)
    return AuthResult(success=False, handled=False, message=f"535 5.7.8 not good enough: {said}")


@pytest.fixture(params=["password_env: SECRET", "password_file: {folder}/secret"])
def secretive(request, workspace, tmp_path, tmp_path_factory, monkeypatch, certificate):
    """A function that lets the workspace send by a server with this way of letting in; the file is elsewhere."""
    folder = tmp_path_factory.mktemp("secrets")
    (folder / "secret").write_text(f"{PASSWORD}\n")
    monkeypatch.setenv("SECRET", PASSWORD)
    settings = tmp_path / "gestand.yaml"

    def send_by(server):
        place = request.param.format(folder=folder)
        written = SETTINGS.format(port=server.port, ca_file=certificate, place=place)
        text = settings.read_text().replace("\n  deliver: folder", written)
        settings.write_text(text.replace("sender:", "administrator: admin@example.org\n  sender:", 1))
        return workspace

    return send_by


@pytest.mark.parametrize(("door", "fate"), [(lets_in, "1 sent"), (repeats, "put off: 535 ")])
def test_the_password_is_in_no_file_no_log_and_no_answer(secretive, tmp_path, caplog, certificate, door, fate):
    caplog.set_level(logging.DEBUG)
    options = {"tls_context": context(certificate), "authenticator": door, "auth_required": True}
    with mail_server(**options) as server:
        gestand = secretive(server)
        _, out, _ = gestand("tick", "--as-of", "2018-08-13")
        assert fate in out
        with open_session(tmp_path) as session, closing(Watched(session)) as watched:
            service = Service(watched=watched, interval=30, ping=Ping(""))
            said = [repr(service.turn())]
            said += [repr(service.respond(Asked(method="GET", path=path))) for path in ("/health", "/metrics")]
            said.append(repr(session))
        commands = (
            ("outbox", "--all"),
            ("outbox", "show", "1", "--raw"),
            ("outbox", "--all", "--json"),
            ("digest", "list"),
            ("doctor",),
            ("check",),
            ("verify",),
            ("export", "--ledger", "-o", "ledger.jsonl"),
            ("export", "-o", "register.yaml"),
            ("backup", "copy.db"),
        )
        said += [repr(gestand(*words)) for words in commands]
        assert all(code.startswith("(0, ") for code in said[-len(commands) :])
    logged = [f"{one.getMessage()}{one!r}{one.exc_text}" for one in caplog.records if one.name != "mail.log"]
    heard = "".join([out, *said, *logged]).encode()
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert (tmp_path / "ledger.jsonl").stat().st_size > 1000
    for secret in SENT:
        assert secret not in heard
        assert secret not in kept
