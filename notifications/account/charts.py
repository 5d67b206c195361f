"""The charts of an account as bars and words with their places; whoever sets the page draws them. Nothing is markup."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

WIDTH: Final = 640
_ROW: Final = 26
_LABEL: Final = 190
_CHARACTERS: Final = 27
"""So many characters fit beside the bars."""


@dataclass(frozen=True, kw_only=True)
class Bar:
    """A rectangle; `tone` says what it stands for, `tip` says it in words."""

    x: float
    y: float
    width: float
    height: float
    tone: str
    tip: str


@dataclass(frozen=True, kw_only=True)
class Word:
    """A text at a place; `side` is where the place is: its start, its middle or its end."""

    x: float
    y: float
    text: str
    side: str = "start"


@dataclass(frozen=True, kw_only=True)
class Chart:
    """A drawing of so many units; `label` says in a sentence what it shows, `legend` which tone is what."""

    label: str
    width: int
    height: int
    bars: tuple[Bar, ...]
    words: tuple[Word, ...]
    legend: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Part:
    """A part of a bar: its tone, what it is called and how many it stands for."""

    tone: str
    name: str
    count: int


def stacked(label: str, rows: Sequence[tuple[str, Sequence[Part]]], legend: Sequence[tuple[str, str]]) -> Chart:
    """A bar for each row, lying, made of its parts and as long as their sum."""
    most = max((sum(part.count for part in parts) for _, parts in rows), default=0) or 1
    room = WIDTH - _LABEL - 50
    bars: list[Bar] = []
    words: list[Word] = []
    for number, (name, parts) in enumerate(rows):
        y = number * _ROW + 4
        total = sum(part.count for part in parts)
        bars += _pieces(name, parts, y, room / most)
        words.append(Word(x=_LABEL - 8, y=y + 13, text=short(name), side="end"))
        words.append(Word(x=_LABEL + total * room / most + 6, y=y + 13, text=str(total)))
    height = len(rows) * _ROW + 4
    return Chart(label=label, width=WIDTH, height=height, bars=tuple(bars), words=tuple(words), legend=tuple(legend))


def _pieces(name: str, parts: Sequence[Part], y: float, scale: float) -> Iterator[Bar]:
    x = float(_LABEL)
    for part in parts:
        if not part.count:
            continue
        width = part.count * scale
        yield Bar(
            x=round(x, 1),
            y=y,
            width=round(width, 1),
            height=18,
            tone=part.tone,
            tip=f"{name}: {part.count} {part.name}",
        )
        x += width


_TALL: Final = 120
_FOOT: Final = 22
_HEAD: Final = 18


def columns(label: str, rates: Sequence[tuple[str, float | None, str]], tone: str) -> Chart:
    """A standing column for each share from 0 to 1, with its name below, and what it is of as its tip."""
    step = WIDTH / max(len(rates), 1)
    width = min(step * 0.7, 56)
    every = -(-len(rates) // 12)
    bars: list[Bar] = [Bar(x=0, y=_HEAD + _TALL, width=WIDTH, height=1, tone="axis", tip="")]
    words: list[Word] = []
    for number, (name, rate, tip) in enumerate(rates):
        middle = round((number + 0.5) * step, 1)
        if number % every == 0:
            words.append(Word(x=middle, y=_HEAD + _TALL + 15, text=name, side="middle"))
        tall = round(_TALL * (rate or 0), 1)
        if rate is not None:
            bars.append(
                Bar(
                    x=round(middle - width / 2, 1),
                    y=round(_HEAD + _TALL - tall, 1),
                    width=round(width, 1),
                    height=tall,
                    tone=tone,
                    tip=f"{name}: {rate:.0%}, {tip}",
                )
            )
        if len(rates) <= 16:
            told = "–" if rate is None else f"{rate:.0%}"
            words.append(Word(x=middle, y=round(_HEAD + _TALL - tall - 5, 1), text=told, side="middle"))
    return Chart(label=label, width=WIDTH, height=_HEAD + _TALL + _FOOT, bars=tuple(bars), words=tuple(words))


def short(name: str) -> str:
    """A name that fits beside a bar: its end, where it is long."""
    return name if len(name) <= _CHARACTERS else f"…{name[1 - _CHARACTERS :]}"
