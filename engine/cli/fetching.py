"""Taking in from a service: a page at a time, each for good, so that what breaks off goes on where it stopped."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from commitments import store
from commitments.exchange.odata import FetchError, Page, pages
from commitments.exchange.tweede_kamer.service import Bookmark, Service
from commitments.ledger.intake import Intake
from commitments.store import Connection
from commitments.trouble import TroubleError
from engine.cli.output import number, say
from engine.cli.progress import bar
from engine.recording.import_ import Taking

_GONE = frozenset({400, 404, 410})
"""What a service answers to the address of a page that it does not know any more."""


class BrokenOffError(TroubleError):
    """A service that stopped answering half-way."""

    def __init__(self, error: FetchError, name: str) -> None:
        super().__init__(f"{error}. What came before is taken in: gestand import {name} goes on from there")


def fetch(taking: Taking, name: str, since: date | None) -> str:
    """Take in what changed at a service since the last time, or since a day; what became of it, in a line."""
    service = Service.at(name)
    mark = Bookmark(since=f"{since}T00:00:00Z") if since else _kept(taking, service)
    if mark.following:
        say(f"gestand: {name} goes on where it stopped the last time", err=True)
        try:
            return _all(taking, name, service, mark, mark.following)
        except FetchError as error:
            if error.status not in _GONE:
                raise
            say(f"gestand: {name} does not know that page any more, and is asked anew", err=True)
    return _all(taking, name, service, replace(mark, following=""), service.first(mark.since))


def _kept(taking: Taking, service: Service) -> Bookmark:
    with taking.session.store.reading() as tx:
        return Bookmark.read(store.recall(tx, service.name))


def _all(taking: Taking, name: str, service: Service, mark: Bookmark, address: str) -> str:
    total, count, rows = Intake(today=taking.day, dry_run=taking.dry_run), 0, 0
    with bar(name) as progress:
        try:
            for page in pages(address):
                mark = mark.after(page)
                total += _page(taking, service, mark, page)
                count, rows = count + 1, rows + len(page.rows)
                progress(rows, max(page.of, rows))
        except FetchError as error:
            if count and not taking.dry_run:
                raise BrokenOffError(error, name) from error
            raise
    return f"{name}: {total} ({number(count, 'page')})"


def _page(taking: Taking, service: Service, mark: Bookmark, page: Page) -> Intake:
    """What became of a page: it and where it ends are written down together, or not at all."""

    def remember(tx: Connection) -> None:
        if not taking.dry_run:
            store.remember(tx, service.name, str(mark))

    return taking.take(service.found(page), remember) or Intake(today=taking.day)
