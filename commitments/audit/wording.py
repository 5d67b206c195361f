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
    """A share as a whole percentage, a dash where there is none."""
    return "–" if rate is None else f"{rate:.0%}"
