"""Taking in from a service: a page at a time, each for good, so that what breaks off goes on where it stopped."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import date

from commitments import store
from commitments.exchange.odata import FetchError, Page, pages
from commitments.exchange.tweede_kamer.service import Bookmark, Service
from commitments.ledger.intake import Intake
from commitments.store import Connection
from commitments.trouble import TroubleError
from engine.recording.import_ import Taking

_GONE = frozenset({400, 404, 410})
"""What a service answers to the address of a page that it does not know any more."""


class BrokenOffError(TroubleError):
    """A service that stopped answering half-way."""

    def __init__(self, error: FetchError, name: str) -> None:
        super().__init__(f"{error}. What came before is taken in: gestand import {name} goes on from there")


@dataclass(frozen=True)
class Fetched:
    """What became of all that a service told, and in how many pages it came."""

    intake: Intake
    pages: int


@dataclass(frozen=True, kw_only=True)
class Fetching:
    """How a service is asked: what takes its pages in, and who is told how far that has come.

    `mention` gets a sentence where something is not as one would expect. `progress` is opened with the name of the
    service, and gives what is told how many rows of how many have come.
    """

    taking: Taking
    mention: Callable[[str], None]
    progress: Callable[[str], AbstractContextManager[Callable[[int, int], None]]]

    def fetch(self, name: str, since: date | None) -> Fetched:
        """Take in what changed at a service since the last time, or since a day; what became of it.

        Raises FetchError where the service does not answer, BrokenOffError where it stopped half-way.
        """
        service = Service.at(name)
        mark = Bookmark(since=f"{since}T00:00:00Z") if since else self._kept(service)
        if mark.following:
            self.mention(f"{name} goes on where it stopped the last time")
            try:
                return self._all(name, service, mark, mark.following)
            except FetchError as error:
                if error.status not in _GONE:
                    raise
                self.mention(f"{name} does not know that page any more, and is asked anew")
        return self._all(name, service, replace(mark, following=""), service.first(mark.since))

    def _kept(self, service: Service) -> Bookmark:
        with self.taking.session.store.reading() as tx:
            return Bookmark.read(store.recall(tx, service.name))

    def _all(self, name: str, service: Service, mark: Bookmark, address: str) -> Fetched:
        total, count, rows = Intake(today=self.taking.day, dry_run=self.taking.dry_run), 0, 0
        with self.progress(name) as progress:
            try:
                for page in pages(address):
                    mark = mark.after(page)
                    total += self._page(service, mark, page)
                    count, rows = count + 1, rows + len(page.rows)
                    progress(rows, max(page.of, rows))
            except FetchError as error:
                if count and not self.taking.dry_run:
                    raise BrokenOffError(error, name) from error
                raise
        return Fetched(total, count)

    def _page(self, service: Service, mark: Bookmark, page: Page) -> Intake:
        """What became of a page: it and where it ends are written down together, or not at all."""

        def remember(tx: Connection) -> None:
            if not self.taking.dry_run:
                store.remember(tx, service.name, str(mark))

        return self.taking.take(service.found(page), remember) or Intake(today=self.taking.day)
