"""The words a digest is told in. A language is one module that fills in every field; a missing word is a type error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from commitments.model.commitment import Status
from notifications.content.digest import Section


@dataclass(frozen=True)
class Count:
    """A phrase with a number `n` in it: for one, and for any other number."""

    one: str
    other: str

    def __call__(self, number: int) -> str:
        """The phrase with that number."""
        return (self.one if number == 1 else self.other).format(n=number)


@dataclass(frozen=True, kw_only=True)
class Words:
    """One language: names, dates, plurals and sentences, with {places} to fill in.

    `units` are the words of rule files in the singular ("working day"); `anchors` are names that rules count from, as
    they stand in a sentence; `force` says in a word that nobody is obliged; `settled` are the ends a commitment can
    have; `roles` those that have a name of their own here. `separator` is what spreadsheets of the language expect
    between the cells of a CSV file, and `columns` are the heads of its columns. `beside` counts what stands so besides
    what a digest tells.
    """

    code: str
    weekdays: tuple[str, str, str, str, str, str, str]
    months: tuple[str, str, str, str, str, str, str, str, str, str, str, str]

    weekday_date: str
    date: str
    month: str
    quarter: str
    days_of_month: str
    days_of_year: str
    days: str
    joined: str

    units: Mapping[str, Count]
    together: str
    anchors: Mapping[str, str]
    other_anchor: str
    after: str
    before: str
    after_dated: str
    before_dated: str
    stated: str
    stated_as: str

    sections: Mapping[Section, str]
    counts: Mapping[Section, Count]

    late: Count
    awaited: Count
    early: Count
    in_time: str
    today: str
    tomorrow: str
    ahead: Count
    running: str
    begins: str
    no_date: str
    suspended: str
    partly: str
    settled: Mapping[str, str]
    settled_on: str
    force: Mapping[str, str]

    late_against_original: str
    originally: str
    moved: str
    dated: str
    moved_by: str

    subject: str
    heading: str
    owed_by: str
    dossier: str
    to: str
    due: str
    because: str
    commitment: str
    source: str
    more: Count
    nothing_new: str
    nothing_overdue: str
    besides: str
    beside: Mapping[Status, Count]
    silence_ends: str

    separator: str
    columns: Mapping[str, str]

    why: str
    roles: Mapping[str, str]
    covers: str
    covers_first: str
    missed: Count
    packs: str
    head: str
    leave: str
    leave_here: str

    test_subject: str
    test_text: str
    leave_question: str
    leave_button: str
    leave_done: str
    leave_unknown: str
    leave_over: str
    leave_renew: str
    leave_renewed: str
    renewed_subject: str
    renewed_text: str
