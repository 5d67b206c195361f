"""The tables of the register: the ledger, and what is projected from it or remembered beside it."""

from __future__ import annotations

import sqlalchemy as sa

metadata = sa.MetaData()

Words = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
"""A text of any length, in the order of its characters' numbers: the same in every database."""

ledger = sa.Table(
    "ledger",
    metadata,
    sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(27), nullable=False),
    sa.Column("actor", Words, nullable=False),
    sa.Column("kind", Words, nullable=False),
    sa.Column("commitment", Words),
    sa.Column("payload", Words, nullable=False),
    sa.Column("prev", sa.String(64), nullable=False),
    sa.Column("hash", sa.String(64), nullable=False),
    sa.Column("body", Words),
    sa.Index("ledger_by_commitment", "commitment", "seq"),
)
"""The truth: hash-chained (commitments.ledger.chain); all else can be made anew from it.

Nothing in it is changed or deleted, but that a body can be erased.
"""

commitment = sa.Table(
    "commitment",
    metadata,
    sa.Column("id", Words, primary_key=True),
    sa.Column("kind", Words, nullable=False),
    sa.Column("title", Words, nullable=False),
    sa.Column("force", Words, nullable=False),
    sa.Column("dossier", Words, nullable=False),
    sa.Column("parent", Words),
    sa.Column("cycle", Words, nullable=False),
    sa.Column("by", Words, nullable=False),
    sa.Column("to", Words, nullable=False),
    sa.Column("made", sa.Date),
    sa.Column("status", Words),
    sa.Column("partly", sa.Boolean, nullable=False, default=False),
    sa.Column("rule", Words, nullable=False, default=""),
    sa.Column("pack", Words, nullable=False, server_default=""),
    sa.Column("original_earliest", sa.Date),
    sa.Column("original_latest", sa.Date),
    sa.Column("current_earliest", sa.Date),
    sa.Column("current_latest", sa.Date),
    sa.Column("settled_on", sa.Date),
    sa.Column("days_late_original", sa.Integer),
    sa.Column("days_late_current", sa.Integer),
    sa.Column("next_change", sa.Date, index=True),
    sa.Column("ground", sa.Text),
    sa.Column("news", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("changed", sa.Boolean, nullable=False, default=True),
)
"""Each commitment as it stands: `by` and `to` are JSON lists; status NULL until assessed, next_change NULL: never.

`days_late_…` are of what is settled: those of the others change by the day. `ground` and `news` are what a pass keeps
so that it need not read the ledger when rules change (commitments.model.basis).
"""
changed = sa.Index(
    "commitment_changed",
    commitment.c.changed,
    sqlite_where=sa.text("changed = 1"),
    postgresql_where=commitment.c.changed,
)
"""For the rows that wait to be assessed: few of many."""
sa.Index("commitment_parent", commitment.c.parent)

notice = sa.Table(
    "notice",
    metadata,
    sa.Column("key", Words, primary_key=True),
    sa.Column("commitment", sa.ForeignKey("commitment.id"), nullable=False, index=True),
    sa.Column("rule", Words, nullable=False),
    sa.Column("pack", Words, nullable=False, server_default=""),
    sa.Column("stage", Words, nullable=False),
    sa.Column("step", sa.Integer, nullable=False),
    sa.Column("version", Words, nullable=False),
    sa.Column("audience", Words, nullable=False),
    sa.Column("day", sa.Date, nullable=False),
    sa.Column("state", Words, nullable=False, default="owed"),
    sa.Column("reason", Words, nullable=False, default=""),
    sa.Column("created_at", Words, nullable=False),
    sa.Column("number", sa.BigInteger, nullable=False, server_default="0", index=True),
    sa.CheckConstraint("state IN ('owed', 'superseded', 'dropped')", name="notice_state"),
)
"""What is owed to an audience, once: unique by its key; why it is owed no more stands in `reason`.

`number` grows: it is given anew whenever a notice comes to be owed, so that who was told looks only at later ones.
"""
owed = sa.Index("notice_owed", notice.c.state, notice.c.audience, notice.c.number)
"""For those that an audience is owed, from a number on."""

member = sa.Table(
    "member",
    metadata,
    sa.Column("escalation", Words, primary_key=True),
    sa.Column("value", Words, primary_key=True),
    sa.Column("commitment", sa.ForeignKey("commitment.id"), primary_key=True, index=True),
    sa.Column("since", sa.Date, nullable=False),
    sa.Column("version", Words, nullable=False),
)
"""Which commitments count towards an escalation of several, in groups that have a value in common, and since when."""

digest = sa.Table(
    "digest",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("recipient", Words, nullable=False),
    sa.Column("slot", Words, nullable=False),
    sa.Column("covers_from", Words),
    sa.Column("state", Words, nullable=False),
    sa.Column("reason", Words, nullable=False, default=""),
    sa.Column("looked", sa.BigInteger),
    sa.Column("looked_as", Words),
    sa.UniqueConstraint("recipient", "slot", name="digest_once"),
)
"""A recipient's slot that was served, with a digest or with nothing to say; moments are UTC, ISO 8601.

`looked` is the number up to which no notice was left to tell then, for the roles and the scope that `looked_as` stands
for.
"""

told = sa.Table(
    "told",
    metadata,
    sa.Column("recipient", Words, primary_key=True),
    sa.Column("notice", sa.ForeignKey("notice.key"), primary_key=True),
    sa.Column("digest", sa.ForeignKey("digest.id"), nullable=False, index=True),
)
"""Which notice a recipient was told of, in which digest: never twice."""

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("digest", sa.ForeignKey("digest.id")),
    sa.Column("recipient", Words, nullable=False),
    sa.Column("address", Words, nullable=False),
    sa.Column("route", Words, nullable=False, default="", server_default=""),
    sa.Column("message_id", Words, nullable=False, unique=True),
    sa.Column("sha256", sa.String(64), nullable=False),
    sa.Column("state", Words, nullable=False, default="queued"),
    sa.Column("attempts", sa.Integer, nullable=False, default=0),
    sa.Column("next_try_at", Words),
    sa.Column("lease_until", Words),
    sa.Column("last_error", Words, nullable=False, default=""),
    sa.Column("queued_at", Words, nullable=False),
    sa.Column("sent_at", Words),
    sa.Column("doubtful", sa.Boolean, nullable=False, default=False, server_default=sa.false()),
    sa.CheckConstraint(
        "state IN ('queued', 'sending', 'sent', 'failed', 'dead', 'superseded', 'dropped')", name="outbox_state"
    ),
    sa.Index("outbox_waiting", "state", "attempts", "id"),
    sa.Index("outbox_recipient", "recipient", "id"),
)
"""What becomes of the messages, each with the Message-ID it keeps; moments are UTC, ISO 8601.

`digest` is NULL where the program writes to its administrator, `route` is the end that takes it, empty for mail, and
`doubtful` says that it was perhaps delivered already.
"""

message = sa.Table(
    "message",
    metadata,
    sa.Column("outbox", sa.ForeignKey("outbox.id"), primary_key=True, autoincrement=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)
"""The messages themselves, empty where what they said was erased.

They stand apart, for SQLite writes a row anew, and all of it, whenever something in it changes.
"""

suppression = sa.Table(
    "suppression",
    metadata,
    sa.Column("address", Words, primary_key=True),
    sa.Column("kind", Words, primary_key=True),
    sa.Column("since", Words, nullable=False),
    sa.Column("detail", Words, nullable=False, default=""),
    sa.CheckConstraint("kind IN ('unsubscribed', 'bounced')", name="suppression_kind"),
)
"""Addresses, in small letters, that get nothing more, and why."""

bounce = sa.Table(
    "bounce",
    metadata,
    sa.Column("outbox", sa.ForeignKey("outbox.id"), primary_key=True),
    sa.Column("kind", Words, primary_key=True),
    sa.Column("status", Words, nullable=False),
    sa.Column("at", Words, nullable=False),
    sa.CheckConstraint("kind IN ('gone', 'for_now')", name="bounce_kind"),
)
"""What came back of which message: each counts once as gone, and once as not delivered for now."""

silence = sa.Table(
    "silence",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("scope", sa.Text, nullable=False),
    sa.Column("until", sa.Date, nullable=False, index=True),
    sa.Column("author", sa.Text, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("since", sa.Text, nullable=False),
    sa.Column("ended_at", sa.Text),
)
"""For what nothing is told, up to and with which day: `scope` is JSON, the form of recipients' scopes."""

warned = sa.Table(
    "warned",
    metadata,
    sa.Column("recipient", sa.Text, primary_key=True),
    sa.Column("silence", sa.ForeignKey("silence.id"), primary_key=True),
)
"""Which reader was told that a silence ends."""

meta = sa.Table(
    "meta",
    metadata,
    sa.Column("name", Words, primary_key=True),
    sa.Column("value", Words, nullable=False),
)
"""What the program must remember about itself."""
