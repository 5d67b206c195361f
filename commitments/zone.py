"""Time zones as files name them: Europe/Amsterdam, UTC."""

from __future__ import annotations

from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator

from commitments.fit import close


def _known(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        guess = close(name, available_timezones()).removeprefix("did you mean ").removesuffix("?")
        raise ValueError(f"{name!r} is not a time zone; write {guess or 'Europe/Amsterdam'}") from None
    return name


Zone = Annotated[str, AfterValidator(_known)]
"""The name of a time zone that there is."""
