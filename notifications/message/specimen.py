"""Digests and letters with everything in them, and with next to nothing, to try templates on. They go to nobody."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime

from commitments.model.commitment import (
    Commitment,
    Force,
    Standing,
    Status,
)
from commitments.model.dates import Window
from notifications.content.digest import (
    Digest,
    Ending,
    Reader,
    compose,
)
from notifications.content.notice import (
    Item,
    Moved,
    Notice,
    Reason,
    Stage,
)
from notifications.letters.letter import Facts, Told

_DAY = date(2018, 8, 13)
_DUE, _EARLIER = Window.parse("2018-08-10"), Window.parse("2018-07")
_REASON = Reason(
    rule="pack/rule",
    period="4 weeks",
    side="after",
    anchor="letter",
    anchor_date=Window.parse("2018-07-13"),
    quote="within four weeks of the date of this letter",
    document="Letter of 13 July 2018",
    url="https://example.org/letter",
)
_MOVED = Moved(before=_EARLIER, after=_DUE, on=_DAY, decided_by="the committee", document="Minutes", note="more time")
_STATUSES = {
    Stage.REMINDER: Status.DUE_SOON,
    Stage.DUE_TODAY: Status.DUE_TODAY,
    Stage.OVERDUE: Status.OVERDUE,
    Stage.ESCALATION: Status.OVERDUE,
    Stage.DATE_CHANGED: Status.PENDING,
    Stage.SETTLED: Status.FULFILLED_LATE,
}


def digests(language: str) -> tuple[Digest, Digest]:
    """A digest with every section and commitments of which all is known; and one of which next to nothing is."""
    reader = Reader(name="A reader", address="reader@example.org", language=language, timezone="UTC")
    slot = datetime(2018, 8, 13, 6, tzinfo=UTC)
    full = compose(
        reader,
        _items(),
        slot=slot,
        covers_from=slot,
        head="#42 9f86d081884c7d659a2feaa0c55ad015",
        packs=("a pack",),
        missed=1,
    )
    bare = compose(
        reader,
        [_item("bare", Stage.REMINDER, 1, Standing(status=Status.UNDATED))],
        slot=slot,
        covers_from=None,
        head="",
    )
    assert full is not None  # noqa: S101 (there is something to say)
    assert bare is not None  # noqa: S101
    silence = Ending(what="A reply", until=_DAY, author="the clerk")
    return replace(full, besides={Status.AWAITED: 1, Status.UNDATED: 2}, ending=(silence,)), bare


def _items() -> Iterator[Item]:
    for stage in Stage:
        status = _STATUSES.get(stage, Status.OVERDUE)
        standing = Standing(
            status=status,
            partly=True,
            rule=_REASON.rule,
            original=_EARLIER,
            current=_DUE,
            settled_on=_DAY if status.settled else None,
            days_late_original=13,
            days_late_current=3,
        )
        for step in (1, 2):
            yield _item(f"{stage}-{step}", stage, step, standing, _REASON, _MOVED)


def _item(
    identifier: str,
    stage: Stage,
    step: int,
    standing: Standing,
    reason: Reason | None = None,
    moved: Moved | None = None,
) -> Item:
    commitment = Commitment(
        id=identifier,
        kind="reply",
        title="A reply & what it is <about>",
        by=("example/ministry",),
        to=("example/chamber",),
        dossier="34 964",
        force=Force.EXPECTED,
    )
    notice = Notice(
        commitment=identifier, rule="pack/rule", stage=stage, step=step, version="1", audience="clerk", day=_DAY
    )
    return Item(commitment=commitment, standing=standing, notice=notice, reason=reason, moved=moved)


def reminders(language: str) -> Iterator[Facts]:
    """The facts of a letter of which everything is known, of one of which little is, and of one that is not overdue."""
    told = Told(on="13 July 2018", document="a letter", note="a note", by="the committee", after="10 August 2018")
    full = Facts(
        language=language,
        date="13 August 2018",
        sender="Committee",
        addressee="Minister",
        id="34964-B",
        kind="reply",
        title="A reply & what it is <about>",
        dossier="34 964",
        document="a letter",
        letter_of="13 July 2018",
        made_on="13 July 2018",
        term="4 weeks after the letter",
        quote="within four weeks",
        original="Friday 10 August 2018",
        due="Friday 10 August 2018",
        overdue=True,
        late="3 days",
        late_original="13 days",
        moves=(told, told),
        delay_notices=(told, told),
        partly=(told,),
        reminders=(told, told),
    )
    nothing = replace(
        full, dossier="", document="", letter_of="", made_on="", term="", quote="", original="", due="", late="",
        late_original="", moves=(), delay_notices=(), partly=(), reminders=(),
    )  # fmt: skip
    yield full
    yield replace(full, kind="undertaking", overdue=False)
    yield replace(nothing, kind="report", overdue=False)
