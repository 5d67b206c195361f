"""A digest as programs read it: the JSON that webhooks get, and the short text for chats."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from commitments.model.dates import Window
from notifications.content import phrases
from notifications.content.digest import Digest
from notifications.content.languages import LANGUAGES
from notifications.content.notice import Item, Moved
from notifications.content.page import link, page

VERSION = 1
_MOST = 20
"""Lines that a chat is told; the commitments for which there is no room are counted."""
_OF_A_COMMITMENT = "- "


def as_json(digest: Digest, message_id: str, *, base: str = "") -> bytes:
    """A digest for a webhook (docs/delivery.md): `id` is the same whenever the same digest comes again."""
    content = {
        "version": VERSION,
        "id": message_id.strip("<>"),
        "to": digest.reader.name,
        "slot": _moment(digest.slot),
        "covers_from": _moment(digest.covers_from),
        "missed_slots": digest.missed,
        "ledger": digest.head,
        "packs": list(digest.packs),
        "sections": {section.value: [_item(item, base) for item in items] for section, items in digest.sections},
        "besides": {status.value: number for status, number in digest.besides.items()},
        "silences_ending": [
            {"what": one.what, "until": one.until.isoformat(), "author": one.author} for one in digest.ending
        ],
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _item(item: Item, base: str) -> dict[str, Any]:
    commitment, standing = item.commitment, item.standing
    return {
        "id": commitment.id,
        "title": commitment.title,
        "kind": commitment.kind,
        "force": commitment.force.value,
        "by": list(commitment.by),
        "to": list(commitment.to),
        "dossier": commitment.dossier,
        "status": standing.status.value,
        "partly": standing.partly,
        "due": _window(standing.current),
        "original_due": _window(standing.original),
        "days_late": standing.days_late_current,
        "days_late_original": standing.days_late_original,
        "settled_on": standing.settled_on.isoformat() if standing.settled_on else None,
        "notice": {
            "key": item.notice.key,
            "rule": item.notice.rule,
            "stage": item.notice.stage.value,
            "step": item.notice.step,
            "audience": item.notice.audience,
        },
        "moved": _moved(item.moved),
        "link": link(base, commitment.id),
    }


def _moved(moved: Moved | None) -> dict[str, Any] | None:
    if moved is None:
        return None
    said = {"decided_by": moved.decided_by, "document": moved.document, "note": moved.note}
    return {"before": _window(moved.before), "after": _window(moved.after), "on": moved.on.isoformat(), **said}


def _window(window: Window | None) -> dict[str, str] | None:
    """Days inclusive: equal where the date is exact."""
    return {"earliest": window.earliest.isoformat(), "latest": window.latest.isoformat()} if window else None


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def as_chat(digest: Digest, message_id: str, *, base: str = "") -> bytes:
    """A digest for a chat: a title and a line for each commitment, in the reader's language."""
    words, shown = LANGUAGES[digest.reader.language], page(digest, most=1)
    lines: list[str] = []
    for section, items in digest.sections:
        lines.append(words.sections[section])
        for item in items:
            state = phrases.state(words, item.standing)
            where = link(base, item.commitment.id)
            told = f"{item.commitment.id}: {phrases.clean(item.commitment.title, 120)} ({state})"
            lines.append(_OF_A_COMMITMENT + " ".join(filter(None, (told, where))))
    if len(lines) > _MOST + 1:
        left = sum(line.startswith(_OF_A_COMMITMENT) for line in lines[_MOST:])
        lines[_MOST:] = [f"… {left}"]
    text = "\n".join((*lines, *shown.besides))
    content = {"id": message_id.strip("<>"), "title": shown.subject, "text": text}
    return json.dumps(content, ensure_ascii=False).encode()
