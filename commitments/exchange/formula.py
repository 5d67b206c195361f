"""What a spreadsheet would run: texts that begin like a formula are made harmless where they leave, and read back.

Source: OWASP, CSV injection.
"""

from __future__ import annotations

Value = str | int | bool | None
"""What a cell of a table can hold."""
_RUN = tuple("=+-@\t\r")


def runs(cell: str) -> bool:
    """Whether a spreadsheet would take the text for a formula."""
    return cell.startswith(_RUN)


def looks_hidden(cell: str) -> bool:
    """Whether the text begins with an apostrophe that seems to hide a formula, as `harmless` puts it there."""
    return cell.startswith("'") and runs(cell.lstrip("'"))


def harmless(cell: str) -> str:
    """The cell with an apostrophe before what a spreadsheet would take for a formula."""
    return f"'{cell}" if runs(cell) or looks_hidden(cell) else cell


def shown(value: Value) -> str | int:
    """A value as a spreadsheet is to show it: yes or no, nothing where it is not known, and no formula."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return harmless(value) if isinstance(value, str) else "" if value is None else value


def as_meant(cell: str) -> str:
    """The cell as it was before it was made harmless."""
    return cell[1:] if looks_hidden(cell) else cell
