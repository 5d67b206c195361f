"""What a program can meet and a person can mend: one small class a case, each of which writes its own sentence."""

from __future__ import annotations


class TroubleError(Exception):
    """Something is not as it should be; the text says what, and the way out."""
