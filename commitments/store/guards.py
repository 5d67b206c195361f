"""Triggers by which the database itself refuses to change the ledger: every change but the erasing of a body.

Others than these are not ours: on any table, they could write what no entry tells of.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from commitments.store.tables import ledger, metadata

_REFUSAL = "the ledger is never changed"


def protect(tx: Connection) -> None:
    """Let the database refuse to change the ledger; called again, it makes the same triggers anew."""
    postgres = tx.dialect.name == "postgresql"
    if postgres:
        tx.exec_driver_sql(_FUNCTION)
    for name, text in (_POSTGRES if postgres else _SQLITE).items():
        tx.exec_driver_sql(f"DROP TRIGGER IF EXISTS {name}{' ON ledger' if postgres else ''}")
        tx.exec_driver_sql(text)


def unguarded(tx: Connection) -> list[str]:
    """The triggers that are not there, or not as they were made: the ledger could be changed without them."""
    if tx.dialect.name == "postgresql":
        return _differing(_POSTGRES, {name: _POSTGRES.get(name, "") for name in tx.scalars(_ENABLED)})
    query = sa.text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'ledger'")
    return _differing(_SQLITE, {row.name: row.sql for row in tx.execute(query)})


class Stranger(NamedTuple):
    """A trigger, or a rule of PostgreSQL, that is not ours: what it is, its name, and the table it stands at."""

    kind: str
    name: str
    table: str


def strangers(tx: Connection) -> list[Stranger]:
    """The triggers and rules at any of our tables that are not ours, in the order of their tables."""
    ours, found = (_POSTGRES, _STRANGE) if tx.dialect.name == "postgresql" else (_SQLITE, _TRIGGERS)
    return [
        Stranger(*row)
        for row in tx.execute(found)
        if row.table in metadata.tables and (row.table, row.name in ours) != (ledger.name, True)
    ]


def expel(tx: Connection) -> None:
    """Take away the triggers and rules at our tables that are not ours."""
    quoted = tx.dialect.identifier_preparer.quote_identifier
    for kind, name, table in strangers(tx):
        place = f" ON {quoted(table)}" if tx.dialect.name == "postgresql" else ""
        tx.exec_driver_sql(f"DROP {kind.upper()} {quoted(name)}{place}")


def _differing(wanted: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    return [name for name, text in wanted.items() if found.get(name) != text]


def _kept(same: str) -> str:
    names = [column.name for column in ledger.c if column.name != "body"]
    return " AND ".join(f'NEW."{name}" {same} OLD."{name}"' for name in names)


def _sqlite(name: str, refused: str) -> str:
    return f"CREATE TRIGGER {name} {refused} BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"


_SQLITE = {
    name: _sqlite(name, refused)
    for name, refused in {
        "ledger_no_update": f"BEFORE UPDATE ON ledger WHEN NOT ({_kept('IS')} AND NEW.body IS NULL)",
        "ledger_no_delete": "BEFORE DELETE ON ledger",
        # A row put in the place of another by INSERT OR REPLACE fires no trigger of its own.
        "ledger_no_replace": "BEFORE INSERT ON ledger WHEN EXISTS (SELECT 1 FROM ledger WHERE seq = NEW.seq)",
    }.items()
}

_BODY = f"""
BEGIN
    IF TG_OP = 'UPDATE' AND {_kept("IS NOT DISTINCT FROM")} AND NEW.body IS NULL THEN
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '{_REFUSAL}';
END
"""
_FUNCTION = f"CREATE OR REPLACE FUNCTION ledger_guard() RETURNS trigger LANGUAGE plpgsql AS $guard${_BODY}$guard$"
_POSTGRES = {
    "ledger_no_update": "CREATE TRIGGER ledger_no_update BEFORE UPDATE ON ledger FOR EACH ROW"
    " EXECUTE FUNCTION ledger_guard()",
    "ledger_no_delete": "CREATE TRIGGER ledger_no_delete BEFORE DELETE ON ledger FOR EACH ROW"
    " EXECUTE FUNCTION ledger_guard()",
    "ledger_no_truncate": "CREATE TRIGGER ledger_no_truncate BEFORE TRUNCATE ON ledger FOR EACH STATEMENT"
    " EXECUTE FUNCTION ledger_guard()",
}
_ENABLED = sa.text(
    "SELECT tgname FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid"
    " WHERE tgrelid = 'ledger'::regclass AND tgenabled IN ('O', 'A') AND prosrc = :body"
).bindparams(body=_BODY)
_TRIGGERS = sa.text(
    "SELECT type AS kind, name, tbl_name AS \"table\" FROM sqlite_master WHERE type = 'trigger' ORDER BY tbl_name, name"
)
_STRANGE = sa.text(
    "SELECT 'trigger' AS kind, tgname AS name, relname AS \"table\" FROM pg_trigger"
    " JOIN pg_class ON pg_class.oid = tgrelid"
    " WHERE NOT tgisinternal AND relnamespace = current_schema()::regnamespace"
    " UNION ALL SELECT 'rule', rulename, tablename FROM pg_rules WHERE schemaname = current_schema()"
    ' ORDER BY "table", name'
)
