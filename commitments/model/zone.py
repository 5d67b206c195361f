"""Time zones as files name them: Europe/Amsterdam, UTC."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator

from commitments.reading.fit import close


def _known(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        guess = close(name, available_timezones()).removeprefix("did you mean ").removesuffix("?")
        raise ValueError(f"{name!r} is not a time zone; write {guess or 'Europe/Amsterdam'}") from None
    return name


Zone = Annotated[str, AfterValidator(_known)]
"""The name of a time zone that there is."""


def zone_files(names: Iterable[str]) -> Iterator[Path]:
    """Where the system keeps the clock's rules in these zones; nothing of a zone that the package tzdata brings."""
    for name in sorted(set(names)):
        places = (Path(folder, name) for folder in zoneinfo.TZPATH)
        if found := next((place for place in places if place.is_file()), None):
            yield found
