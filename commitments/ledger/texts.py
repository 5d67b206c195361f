"""The texts of the register, which can be erased, apart from what dates and standings are counted from, which cannot.

An entry's payload is the skeleton, sealed into the chain; its texts are the body beside it, of which only the hash is
sealed. Both have the same form: a text stands in the body where it would stand in the whole.
"""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json

from commitments.model.commitment import Commitment, Event

ERASED = "(erased)"
"""What is read where a text was erased."""
BODY, SALT = "body", "salt"
"""The keys of a body's hash in a payload, and of what keeps anyone from guessing a short text by its hash."""

OF_EVENT = ("document", "decided_by", "note")
OF_COMMITMENT = ("title", "source")
"""The fields that are texts. A stated deadline's `phrase` is one too where a date stands beside it; by itself it is
what the date is found from. The dossier is not: rules and recipients are chosen by it."""


def parted(event: Event) -> tuple[dict[str, Any], dict[str, Any]]:
    """An event's skeleton and its texts, without what goes without saying."""
    whole = event.model_dump(mode="json", exclude_defaults=True)
    texts = _taken(whole, OF_EVENT)
    if commitment := whole.get("commitment"):
        texts["commitment"] = _taken(commitment, OF_COMMITMENT)
        if "date" in commitment.get("stated_due", ()) and (phrase := _taken(commitment["stated_due"], ("phrase",))):
            texts["commitment"]["stated_due"] = phrase
    return whole, texts


def _taken(values: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: values.pop(name) for name in names if name in values}


def joined(payload: str, body: str | None) -> dict[str, Any]:
    """What an entry says, with its texts where they have not been erased."""
    whole: dict[str, Any] = from_json(payload)
    if whole.pop(BODY, None) is None:
        return whole
    if body is None:
        return _merged(whole, {"commitment": {"title": ERASED}} if "commitment" in whole else {"note": ERASED})
    texts = from_json(body)
    del texts[SALT]
    return _merged(whole, texts)


def same(known: Event, event: Event) -> bool:
    """Whether an event is one that is known already.

    What an erased text said is known to nobody: an event that differs from an erased one in nothing else is taken for
    it.
    """
    return known == event or (known.note == ERASED and _bare(known) == _bare(event))


def _bare(event: Event) -> Event:
    return event.model_copy(update=dict.fromkeys(OF_EVENT, ""))


def as_erased(commitment: Commitment, erased: Commitment) -> Commitment:
    """A commitment with the texts, or what is left of them, of one that was erased."""
    stated = commitment.stated_due
    if stated is not None and stated.date is not None:
        stated = stated.model_copy(update={"phrase": ""})
    kept = {name: getattr(erased, name) for name in OF_COMMITMENT}
    return commitment.model_copy(update={**kept, "stated_due": stated})


def _merged(skeleton: dict[str, Any], texts: dict[str, Any]) -> dict[str, Any]:
    inner = {name: _merged(skeleton.get(name, {}), text) for name, text in texts.items() if isinstance(text, dict)}
    return skeleton | texts | inner
