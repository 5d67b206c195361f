"""Time zones made for a test: files as zic(8) compiles them (RFC 8536), where zoneinfo looks first."""

import struct
import zoneinfo
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from notifications.content.slots import instant

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@contextmanager
def made_zones(folder):
    """A function that makes or changes a zone, by its offset in hours from each moment on; others stay as they are."""
    before = zoneinfo.TZPATH

    def make(name, offsets):
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        fresh = file.with_name("fresh")
        fresh.write_bytes(_compiled(offsets))
        fresh.replace(file)

    zoneinfo.reset_tzpath(to=[str(folder), *before])
    try:
        yield make
    finally:
        zoneinfo.reset_tzpath(to=before)
        ZoneInfo.clear_cache()
        instant.cache_clear()


def _compiled(offsets):
    types = b"".join(
        struct.pack(">lbb", int(timedelta(hours=hours).total_seconds()), 0, 0) for hours in offsets.values()
    )
    moments = b"".join(struct.pack(">l", int(moment.timestamp())) for moment in offsets)
    number = len(offsets)
    counts = struct.pack(">6l", 0, 0, 0, number, number, 4)
    return b"TZif" + bytes(16) + counts + moments + bytes(range(number)) + types + b"NEW\0"
