"""Taking in from a service that is slow, fails, breaks off, has no end, is huge or leads astray; and going on (I1, I3).

The service is a real one on this machine: it answers by a list of what to do for each request.
"""

import json
import threading
import time
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from commitments.exchange import odata
from commitments.exchange.odata import FetchError, Patience, asked, pages


class _Answers(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.asked.append(self.path)
        with suppress(BrokenPipeError, ConnectionResetError):
            self.server.answer(self)

    def log_message(self, *_words):
        pass

    def give(self, body, status=200, length=None, **headers):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(data) if length is None else length))
        self.end_headers()
        self.wfile.write(data)


@contextmanager
def serving(answer):
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Answers)
    server.daemon_threads = True
    server.asked, server.answer = [], answer
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield server, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def in_turn(*answers):
    """One answer after the other, the last of them for good."""
    left = list(answers)

    def answer(request):
        (left.pop(0) if len(left) > 1 else left[0])(request)

    return answer


def giving(body, **more):
    return lambda request: request.give(body, **more)


def patience(**more):
    waited = []
    return Patience(silence=0.3, page=5, wait=waited.append, **more), waited


def collected(address, **more):
    patient, waited = patience(**more)
    return [page.rows for page in pages(f"{address}/Toezegging", patient)], waited


PAGE = {"value": [{"a": 1}]}


def test_pages_follow_the_address_of_the_next():
    with serving(in_turn(giving(PAGE | {"@odata.nextLink": "Toezegging?$skiptoken=x"}), giving({"value": []}))) as (
        server,
        address,
    ):
        assert collected(address) == ([[{"a": 1}], []], [])
        assert server.asked == ["/Toezegging", "/Toezegging?$skiptoken=x"]


def test_where_no_next_is_told_a_full_page_is_followed_by_the_rows_after_it():
    full = {"value": [{"n": number} for number in range(250)]}
    with serving(in_turn(giving(full), giving({"value": [{"n": 250}]}))) as (server, address):
        assert [len(rows) for rows in collected(address)[0]] == [250, 1]
        assert server.asked == ["/Toezegging", "/Toezegging?$skip=250"]


@pytest.mark.parametrize(
    ("trouble", "waited"),
    [
        (giving(b"busy", status=500), [1.0]),
        (giving(b"busy", status=503, Retry_After="7"), [7.0]),
        (giving(b"busy", status=429, Retry_After="9999"), [120.0]),
        (giving(b'{"value": [{"a"'), [1.0]),  # cut off inside
        (giving(json.dumps(PAGE).encode(), length=1000), [1.0]),  # cut off, as its length says
        (giving({"error": "x"}), [1.0]),
        (giving(b"<html>"), [1.0]),
        (lambda request: request.connection.close(), [1.0]),
        (lambda _request: time.sleep(0.6), [1.0]),  # slow
    ],
)
def test_what_may_pass_is_asked_again(trouble, waited):
    with serving(in_turn(trouble, giving(PAGE))) as (_, address):
        assert collected(address) == ([[{"a": 1}]], waited)


def test_what_does_not_pass_is_told_after_some_tries():
    with serving(giving(b"", status=502)) as (server, address):
        with pytest.raises(FetchError) as told:
            collected(address, tries=3)
        assert str(told.value) == "127.0.0.1 answers 502 Bad Gateway, 3 times; try again later"
        assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (giving(b"", status=404), "127.0.0.1 answers 404 Not Found to {address}/Toezegging"),
        (giving(b"x" * 3000), "127.0.0.1 answers more than 0.002 MB on one page"),
        (giving(PAGE | {"@odata.nextLink": "https://example.org/Toezegging"}),
         "127.0.0.1 names a next page at another host, https://example.org/Toezegging; that was not followed"),
        (giving(b"", status=302, Location="https://example.org/x"),
         "127.0.0.1 redirects to https://example.org/x; that was not followed"),
        (giving(PAGE | {"@odata.nextLink": "Toezegging"}),
         "127.0.0.1 sends us round in a circle: {address}/Toezegging was there already"),
        (lambda request: request.give(PAGE | {"@odata.nextLink": f"Toezegging?{len(request.server.asked)}"}),
         "127.0.0.1 gives the same page again at {address}/Toezegging?1"),
    ],
)  # fmt: skip
def test_what_leads_astray_or_has_no_end_is_refused(answer, message):
    with serving(answer) as (_, address):
        with pytest.raises(FetchError) as told:
            collected(address, largest=2000)
        assert str(told.value) == message.format(address=address)


def test_a_page_that_trickles_in_is_given_up():
    def trickle(request):
        request.send_response(200)
        request.end_headers()
        for _ in range(100):
            request.wfile.write(b" ")
            time.sleep(0.02)

    patient = Patience(silence=1, page=0.2, tries=1)
    with serving(trickle) as (_, address):
        with pytest.raises(FetchError) as told:
            list(pages(f"{address}/Toezegging", patient))
        assert str(told.value) == "127.0.0.1 took more than 0.2 seconds for a page, 1 times; try again later"


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://example.org/Toezegging", "example.org must be asked by https: write https://…"),
        ("file:///etc/passwd", "file:///etc/passwd must be asked by https: write https://…"),
        ("https://me:secret@example.org/Zaak",
         "example.org is not an address that can be asked: write https://host/path, without a password"),
    ],
)  # fmt: skip
def test_only_https_is_spoken(address, message):
    with pytest.raises(FetchError) as told:
        list(pages(address))
    assert str(told.value) == message


def test_what_an_address_asks_already_stays():
    address = asked(
        "https://x.org/Zaak?$filter=Soort eq 'x'&$expand=Document", filter="a eq 1", expand="No", count="true"
    )
    assert parse_qs(urlsplit(address).query) == {
        "$filter": ["(Soort eq 'x') and a eq 1"],
        "$expand": ["Document"],
        "$count": ["true"],
    }


# ------------------------------------------------------------------------------------------------- the command


def row(number, changed="2026-03-20T10:00:00Z", **more):
    return {"Nummer": f"TZ202603-{number}", "Status": "Openstaand", "Tekst": "Voor de zomer.", "Verwijderd": False,
            "Aanmaakdatum": "2026-03-19T17:42:13+01:00", "GewijzigdOp": changed} | more  # fmt: skip


@pytest.fixture(autouse=True)
def hurry(monkeypatch):
    """Nobody waits in these tests."""
    monkeypatch.setattr(odata, "Patience", lambda: Patience(silence=2, tries=2, wait=lambda _seconds: None))


def queries(server):
    return [{name: one[0] for name, one in parse_qs(urlsplit(path).query).items()} for path in server.asked]


def test_the_first_time_asks_for_all_and_the_next_for_what_changed(workspace):
    with serving(giving({"value": [row(1), row(2, "2026-03-21T10:00:00+01:00")]})) as (server, address):
        place = f"{address}/OData/v4/2.0/Toezegging"
        assert workspace("import", place) == (0, f"{place}: 2 new commitments (1 page)\n", "")
        assert workspace("import", place) == (0, f"{place}: nothing new, 2 unchanged (1 page)\n", "")
        assert workspace("import", place, "--since", "2026-01-01")[0] == 0
        assert [query["$filter"] for query in queries(server)] == [
            "Verwijderd eq false",
            "GewijzigdOp ge 2026-03-20T09:00:00Z",
            "GewijzigdOp ge 2026-01-01T00:00:00Z",
        ]
        assert queries(server)[0]["$expand"] == "KamerbriefNakoming,IsHerhalingVan,IsWijzigingVan,IsAanvullingOp"


def test_what_breaks_off_goes_on_where_it_stopped(workspace):
    first = giving({"value": [row(1)], "@odata.nextLink": "Toezegging?$skip=1"})
    with serving(in_turn(first, giving(b"", status=500))) as (server, address):
        place = f"{address}/Toezegging"
        status, out, err = workspace("import", place)
        assert (status, out) == (1, "")
        assert err == (
            "gestand: 127.0.0.1 answers 500 Internal Server Error, 2 times; try again later. What came before is taken "
            f"in: gestand import {place} goes on from there\n"
        )
        assert "TZ202603-1" in workspace("list", "--json")[1]
        server.answer = giving({"value": [row(2)]})
        status, out, err = workspace("import", place)
        assert (status, out) == (0, f"{place}: 1 new commitment (1 page)\n")
        assert err == f"gestand: {place} goes on where it stopped the last time\n"
        assert server.asked[-1] == "/Toezegging?$skip=1"
        workspace("import", place)
        assert queries(server)[-1]["$filter"] == "GewijzigdOp ge 2026-03-19T10:00:00Z"


def test_a_page_that_is_gone_is_asked_for_anew(workspace):
    first = giving({"value": [row(1)], "@odata.nextLink": "Toezegging?$skiptoken=old"})
    with serving(in_turn(first, giving(b"", status=410))) as (server, address):
        place = f"{address}/Toezegging"
        assert workspace("import", place)[0] == 1
        server.answer = in_turn(giving(b"", status=410), giving({"value": [row(1), row(2)]}))
        status, out, err = workspace("import", place)
        assert (status, out) == (0, f"{place}: 1 new commitment, 1 unchanged (1 page)\n")
        assert err.endswith(f"gestand: {place} does not know that page any more, and is asked anew\n")


def test_a_trial_writes_nothing_and_remembers_nothing(workspace):
    with serving(giving({"value": [row(1)]})) as (server, address):
        place = f"{address}/Toezegging"
        status, out, _ = workspace("import", place, "--dry-run")
        assert (status, out.splitlines()[0]) == (0, "+ TZ202603-1  Voor de zomer.")
        workspace("import", place)
        assert [query["$filter"] for query in queries(server)] == ["Verwijderd eq false"] * 2


def test_questions_are_asked_for_with_their_documents_and_when_one_of_those_changed(workspace):
    question = {"Nummer": "2025Z1", "Soort": "Schriftelijke vragen", "Onderwerp": "x", "GestartOp": "2025-01-06",
                "GewijzigdOp": "2025-01-06T10:00:00Z",
                "Document": [{"Soort": "Antwoord schriftelijke vragen", "DocumentNummer": "D1", "Datum": "2025-01-20",
                              "GewijzigdOp": "2025-01-20T10:00:00Z"}]}  # fmt: skip
    with serving(giving({"value": [question]})) as (server, address):
        place = f"{address}/Zaak"
        assert workspace("import", place) == (0, f"{place}: 1 new commitment, 1 event (1 page)\n", "")
        workspace("import", place)
        one, two = queries(server)
    assert one["$filter"] == "Soort eq 'Schriftelijke vragen' and Verwijderd eq false"
    assert one["$expand"] == "Document,ZaakActor,Kamerstukdossier"
    since = "2025-01-19T10:00:00Z"
    assert two["$filter"] == (
        f"Soort eq 'Schriftelijke vragen' and (GewijzigdOp ge {since} or Document/any(d:d/GewijzigdOp ge {since}))"
    )


def test_a_problem_of_a_service_names_the_row(workspace):
    with serving(giving({"value": [row(1), row(2, Status="Zoek")]})) as (_, address):
        status, out, err = workspace("import", f"{address}/Toezegging")
    assert (status, out) == (1, f"{address}/Toezegging: 1 new commitment, 1 problem (1 page)\n")
    assert err.startswith(f"{address}/Toezegging: TZ202603-2.Status: the status 'Zoek' is not known\n")


@pytest.mark.parametrize("name", ["https://example.org/Motie", "tk:moties"])
def test_an_address_of_something_else_is_told(workspace, name):
    status, out, err = workspace("import", name)
    assert (status, out) == (1, "")
    assert err == (
        f"gestand: {name} is not an address that can be taken in; use tk:toezeggingen, tk:schriftelijke-vragen, or one "
        "that ends in Toezegging or Zaak\n"
    )


def test_what_is_for_files_is_not_for_services_and_the_other_way_round(workspace):
    assert workspace("import", "tk:toezeggingen", "--sheet", "x")[0] == 2
    assert workspace("import", "commitments/example.yaml", "--since", "2026-01-01")[0] == 2
