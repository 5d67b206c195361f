"""The account of fulfilled against pending: who kept what, how late, and what is still open, as of a day.

It takes commitments with where they stand, from whoever assessed them, and gives figures that each lead to their rows.
`figures` says what is counted, `cells` what is looked at for it, `account` draws it up, by the `groupings`;
`rappel` draws up a round, `problems` holds what is doubtful; `report` sets it all out as a `page`, which `markdown` and
others write.
"""

from commitments.audit.account import MOST_ROWS, Account, Source, account, drawn_up
from commitments.audit.lines import COLUMNS, LABELS, OPEN_ORDER, SETTLED_ORDER, Audited, cells, line, pressing, to_csv
from commitments.audit.markdown import to_markdown
from commitments.audit.plain import to_json
from commitments.audit.report import Report, page, summary

__all__ = [
    "COLUMNS",
    "LABELS",
    "MOST_ROWS",
    "OPEN_ORDER",
    "SETTLED_ORDER",
    "Account",
    "Audited",
    "Report",
    "Source",
    "account",
    "cells",
    "drawn_up",
    "line",
    "page",
    "pressing",
    "summary",
    "to_csv",
    "to_json",
    "to_markdown",
]
