"""How an account words days, numbers and shares."""

from __future__ import annotations

from datetime import date


def spoken(day: date) -> str:
    """A day in words: 10 August 2018."""
    return f"{day.day} {day:%B %Y}"


def number(count: float, noun: str) -> str:
    """A number with its noun."""
    return f"{count:,.10g}".replace(",", " ") + f" {noun}{'' if count == 1 else 's'}"


def grouped(count: int) -> str:
    """A number with its thousands apart."""
    return f"{count:,}".replace(",", " ")


def percent(rate: float | None) -> str:
    """A share as a whole percentage, a dash where there is none; all and none are said only where it is so."""
    if rate is None:
        return "–"
    return f"{rate if rate in (0, 1) else min(max(rate, 0.01), 0.99):.0%}"
