"""The House's service: what to ask it, where the last time stopped, and its pages as drafts."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from urllib.parse import urlsplit

from commitments.exchange.odata import Page, asked
from commitments.exchange.tweede_kamer import SUBJECTS, Subject, answered
from commitments.exchange.tweede_kamer.fields import moment, rows
from commitments.ledger.intake import Draft
from commitments.reading.problem import (
    Document,
    Misfit,
    Place,
    Problem,
)
from commitments.trouble import TroubleError

_SERVICE = "https://gegevensmagazijn.tweedekamer.nl/OData/v4/2.0"
ADDRESSES = {"tk:toezeggingen": f"{_SERVICE}/Toezegging", "tk:schriftelijke-vragen": f"{_SERVICE}/Zaak"}
"""Short names of what the House can be asked about."""

_EXPANDED = {
    "Toezegging": "KamerbriefNakoming,IsHerhalingVan,IsWijzigingVan,IsAanvullingOp",
    "Zaak": "Document,ZaakActor,Kamerstukdossier",
}
_OVERLAP = timedelta(days=1)
"""Asked for twice, for what the service learnt late; taking in the same twice changes nothing."""


class UnknownServiceError(TroubleError):
    """An address of nothing that can be taken in."""

    def __init__(self, address: str) -> None:
        known = ", ".join(ADDRESSES)
        super().__init__(f"{address} is not an address that can be taken in; use {known}, or one that ends in "
                         f"{' or '.join(SUBJECTS)}")  # fmt: skip


def is_address(name: str) -> bool:
    """Whether what people named is an address and not a file."""
    return name in ADDRESSES or "://" in name or name.startswith("tk:")


@dataclass(frozen=True, kw_only=True)
class Bookmark:
    """Where the last time stopped: the page that would follow, since when it asked, and the newest change seen."""

    following: str = ""
    since: str = ""
    seen: str = ""

    @classmethod
    def read(cls, text: str | None) -> Self:
        """The bookmark that was kept, a new one where none was."""
        return cls(**json.loads(text)) if text else cls()

    def __str__(self) -> str:
        """The bookmark as it is kept."""
        return json.dumps(vars(self))

    def after(self, page: Page) -> Bookmark:
        """The bookmark when a page is done with: at the end, the next time asks for what changed since."""
        seen = max([self.seen, *map(_said, _changes(page))])
        if page.following:
            return replace(self, following=page.following, seen=seen)
        return Bookmark(since=_said(datetime.fromisoformat(seen) - _OVERLAP) if seen else self.since)


def _said(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _changes(page: Page) -> Iterator[datetime]:
    """The moments at which the rows of a page, or the documents with them, were changed."""
    for row in page.rows:
        for one in [row, *rows(row, "Document")] if isinstance(row, dict) else []:
            try:
                found = moment(one, "GewijzigdOp")
            except Misfit:
                continue
            if found:
                yield found


@dataclass(frozen=True)
class Service:
    """Something that the House can be asked about, at an address."""

    address: str
    about: Subject

    @classmethod
    def at(cls, name: str) -> Self:
        """The service at an address, or under a short name. Raises UnknownServiceError."""
        address = ADDRESSES.get(name, name)
        entity = urlsplit(address).path.rstrip("/").rpartition("/")[2]
        if entity not in SUBJECTS:
            raise UnknownServiceError(name)
        return cls(address, SUBJECTS[entity])

    @property
    def name(self) -> str:
        """Under what name its bookmark is kept."""
        return f"bookmark {self.address}"

    def first(self, since: str) -> str:
        """The address of the first page of what changed since a moment; of all that is there where none is said."""
        return asked(
            self.address,
            filter=" and ".join(filter(None, (self._kind, self._since(since)))),
            orderby="GewijzigdOp",
            expand=_EXPANDED[self.about.entity],
            count="true",
        )

    @property
    def _kind(self) -> str:
        return f"Soort eq '{self.about.kind}'" if self.about.kind else ""

    def _since(self, since: str) -> str:
        if not since:
            return "Verwijderd eq false"
        own = f"GewijzigdOp ge {since}"
        # an answer that comes in is a document of its own: the question need not change with it
        return f"({own} or Document/any(d:d/GewijzigdOp ge {since}))" if self.about.entity == "Zaak" else own

    def found(self, page: Page) -> Iterator[Draft | Problem]:
        """The drafts on a page and its problems, which name the number of the row."""
        document = Document(file=self.address, text="", value=page.value, place=Place(0, 0))
        for draft, problems in answered(document, self.about):
            yield from (_numbered(one, page.rows) for one in problems)
            if draft:
                yield draft


_INDEX = re.compile(r"value\[([0-9]+)\]")


def _numbered(problem: Problem, rows: list[Any]) -> Problem:
    found = _INDEX.match(problem.path)
    row = rows[int(found[1])] if found else None
    number = row.get("Nummer") if isinstance(row, dict) else None
    if not found or not number:
        return problem
    return replace(problem, path=f"{number}{problem.path[found.end() :]}")
