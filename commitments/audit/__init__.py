"""The account of fulfilled against pending: who kept what, how late, and what is still open, as of a day.

It takes commitments with where they stand, from whoever assessed them, and gives figures that each lead to their rows.
`figures` says what is counted, `cells` what is looked at for it, `account` draws it up, by the `groupings`;
`rappel` draws up a round, `problems` holds what is doubtful. Setting it out as pages is `notifications.account`'s work.
"""

from commitments.audit.account import MOST_ROWS, Account, Source, account, drawn_up
from commitments.audit.lines import COLUMNS, LABELS, OPEN_ORDER, SETTLED_ORDER, Audited, cells, line, pressing, to_csv

__all__ = [
    "COLUMNS",
    "LABELS",
    "MOST_ROWS",
    "OPEN_ORDER",
    "SETTLED_ORDER",
    "Account",
    "Audited",
    "Source",
    "account",
    "cells",
    "drawn_up",
    "line",
    "pressing",
    "to_csv",
]
