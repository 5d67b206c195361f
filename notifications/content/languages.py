"""The languages that digests are told in: each is a module `words_CODE.py` beside this one, found by its name."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, WithJsonSchema

from notifications.content.words import Words


def _found() -> dict[str, Words]:
    modules = sorted(path.stem for path in Path(__file__).parent.glob("words_*.py"))
    loaded = (import_module(f"notifications.content.{name}") for name in modules)
    return {module.WORDS.code: module.WORDS for module in loaded}


LANGUAGES: Mapping[str, Words] = _found()
"""Every language, by its code."""


def _known(code: str) -> str:
    if code not in LANGUAGES:
        raise ValueError(f"there are no words in {code!r}; there are {', '.join(LANGUAGES)}")
    return code


_SCHEMA: dict[str, Any] = {"enum": list(LANGUAGES), "type": "string"}
Language = Annotated[str, AfterValidator(_known), WithJsonSchema(_SCHEMA)]
"""The code of a language that there are words in."""
