"""A digest as a table for spreadsheets: every row of it, also those for which the mail has no room."""

from __future__ import annotations

import csv
import io

from commitments.exchange.formula import harmless
from commitments.model.dates import Window
from notifications.content import phrases
from notifications.content.digest import Digest, Section
from notifications.content.languages import LANGUAGES
from notifications.content.notice import Item
from notifications.content.page import link
from notifications.content.words import Words


def sheet(digest: Digest, *, base: str = "") -> bytes:
    """All rows as CSV in the reader's language: UTF-8 with the mark that Excel needs, separated as Excel expects there.

    Days are ISO 8601; what a spreadsheet would take for a formula is made harmless.
    """
    words = LANGUAGES[digest.reader.language]
    out = io.StringIO()
    written = csv.writer(out, delimiter=words.separator, lineterminator="\r\n")
    written.writerow(words.columns.values())
    for section, items in digest.sections:
        for item in items:
            cells = _cells(words, section, item, digest) | {"link": link(base, item.commitment.id)}
            written.writerow(_safe(cells[column]) for column in words.columns)
    return out.getvalue().encode("utf-8-sig")


Cell = str | int | None


def _cells(words: Words, section: Section, item: Item, digest: Digest) -> dict[str, Cell]:
    """The cells of a row, by column."""
    commitment, standing, reason = item.commitment, item.standing, item.reason
    return {
        "section": words.sections[section],
        "id": commitment.id,
        "title": commitment.title,
        "by": phrases.parties(words, commitment.by, digest.names),
        "to": phrases.parties(words, commitment.to, digest.names),
        "kind": commitment.kind,
        "dossier": commitment.dossier,
        "force": words.force.get(commitment.force, ""),
        "due": _days(standing.current),
        "original": _days(standing.original),
        "state": phrases.state(words, standing),
        "days_late": standing.days_late_current,
        "days_late_original": standing.days_late_original,
        "settled_on": standing.settled_on.isoformat() if standing.settled_on else "",
        "reason": phrases.because(words, reason),
        "quote": reason.quote if reason else "",
        "document": reason.document if reason else "",
        "url": phrases.web_address(reason.url) if reason else "",
    }


def _days(window: Window | None) -> str:
    return str(window) if window else ""


def _safe(cell: Cell) -> Cell:
    return harmless(phrases.clean(cell, longest=2000)) if isinstance(cell, str) else cell
