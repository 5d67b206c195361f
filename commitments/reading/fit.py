"""Whether a part of a document fits a model, told in sentences for people: pydantic's errors, at their places."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date
from difflib import get_close_matches
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from commitments.reading.problem import (
    Document,
    Fault,
    Misfit,
    Path,
    Problem,
    problem,
)

Model = TypeVar("Model", bound=BaseModel)


def check(model: type[Model], document: Document, at: Path = ()) -> tuple[Model | None, tuple[Problem, ...]]:
    """The model made of that part of the document, or None and what is wrong with it.

    None without a problem means that a value inside was already reported when the file was read.
    """
    faulty = {path for path in document.faulty if path[: len(at)] == at}
    made, faults = fitted(model, document.at(at))
    placed = [fault._replace(path=(*at, *fault.path)) for fault in faults]
    fresh = [problem(document, *fault) for fault in placed if fault.path not in faulty]
    return (None if faulty else made), tuple(sorted(fresh, key=_place))


def fitted(model: type[Model], value: object) -> tuple[Model | None, list[Fault]]:
    """The model made of a value, or None and what is wrong with it, each fault at its path in the value."""
    try:
        return model.model_validate(value), []
    except ValidationError as error:
        return None, _faults(model, value, error.errors(include_url=False))


def _place(problem: Problem) -> tuple[int, int]:
    return problem.line, problem.column


def _faults(model: type[BaseModel], value: object, errors: Iterable[ErrorDetails]) -> list[Fault]:
    """The errors as faults: of one value that could be several things, all that it could be is told at once."""
    found: dict[tuple[Path, str, bool], Fault] = {}
    kinds: dict[Path, list[str]] = {}
    for error in errors:
        path = _walk(value, error["loc"])
        if noun := _NOUNS.get(error["type"]):
            kinds.setdefault(path, []).append(noun)
            continue
        for fault in _explain(model, error, path):
            found.setdefault((fault.path, fault.message, fault.at_key), fault)
    return [*found.values(), *_wrong_kinds(value, kinds, {path for path, _, _ in found})]


def _wrong_kinds(value: object, kinds: dict[Path, list[str]], others: set[Path]) -> Iterator[Fault]:
    told = others | set(kinds)
    for path, nouns in kinds.items():
        if any(other[: len(path)] == path and other != path for other in told) or path in others:
            continue
        here = _at(value, path)
        message = f"{_label(path)} must be {' or '.join(dict.fromkeys(nouns))}, not {_shown(here)}"
        yield Fault(path, message, _quoted(here, nouns))


def _quoted(value: object, nouns: list[str]) -> str:
    if "text" not in nouns or isinstance(value, list | dict) or value is None:
        return ""
    written = str(value).lower() if isinstance(value, bool) else value
    return f'write "{written}" in quotes'


def _walk(value: object, loc: Iterable[str | int]) -> Path:
    """The part of pydantic's location that is in the document: names of union members and validators are not."""
    path: list[str | int] = []
    for part in loc:
        there = (isinstance(value, dict) and part in value) or (
            isinstance(value, list) and isinstance(part, int) and part < len(value)
        )
        if there:
            path.append(part)
            value = value[part]  # type: ignore[index]
    return tuple(path)


def _at(value: Any, path: Path) -> object:  # noqa: ANN401 - whatever the file holds
    for part in path:
        value = value[part]
    return value


def _label(path: Path) -> str:
    """The value's own name: the last key and the indices behind it."""
    name = next((i for i in range(len(path) - 1, -1, -1) if isinstance(path[i], str)), None)
    if name is None:
        return "this"
    return f"{path[name]}{''.join(f'[{index}]' for index in path[name + 1 :])}"


def _shown(value: object) -> str:
    if value is None:
        return "empty"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, date):
        return f"the date {value}"
    if isinstance(value, int | float):
        return f"the number {value}"
    if isinstance(value, list | dict):
        return "a list" if isinstance(value, list) else "a mapping"
    return _cut(value)


def _cut(value: object) -> str:
    text = str(value)
    return repr(text if len(text) <= 60 else f"{text[:59]}…")


def close(word: object, words: Iterable[str]) -> str:
    """A question that names the most similar of the words, or nothing."""
    match = get_close_matches(str(word), list(words), n=1, cutoff=0.6)
    return f"did you mean {match[0]}?" if match else ""


_NOUNS = (
    dict.fromkeys(("string_type", "string_sub_type"), "text")
    | dict.fromkeys(("int_type", "int_parsing", "int_from_float"), "a whole number")
    | dict.fromkeys(("float_type", "float_parsing", "decimal_type", "decimal_parsing"), "a number")
    | dict.fromkeys(("bool_type", "bool_parsing"), "true or false")
    | dict.fromkeys(("list_type", "tuple_type", "set_type", "frozen_set_type", "iterable_type"), "a list")
    | dict.fromkeys(("dict_type", "mapping_type", "model_type", "model_attributes_type", "dataclass_type"), "a mapping")
    | dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
        "a date such as 2018-07-13",
    )
    | dict.fromkeys(("time_type", "time_parsing"), 'a time of day such as "16:00"')
    | {"none_required": "empty"}
)
_LIMITS = {
    "string_too_long": "{label} is longer than {max_length} characters",
    "string_too_short": "{label} needs at least {min_length} characters",
    "too_short": "{label} needs at least {min_length}",
    "too_long": "{label} has more than {max_length}",
    "greater_than": "{label} must be more than {gt}, not {value}",
    "greater_than_equal": "{label} must be at least {ge}, not {value}",
    "less_than": "{label} must be less than {lt}, not {value}",
    "less_than_equal": "{label} must be at most {le}, not {value}",
}


def _explain(model: type[BaseModel], error: ErrorDetails, path: Path) -> Iterable[Fault]:
    kind = error["type"]
    if kind == "extra_forbidden":
        return [_unknown(model, error, path)]
    if kind in {"value_error", "assertion_error"}:
        return _raised(error["ctx"]["error"], path, at_key=error["loc"][-1:] == ("[key]",))
    if kind in _LIMITS:
        return [Fault(path, _LIMITS[kind].format(label=_label(path), value=_cut(error["input"]), **error["ctx"]))]
    if kind in _SENTENCES:
        return [_SENTENCES[kind](error, path)]
    return [Fault(path, f"{_label(path)} does not fit: {error['msg'].lower()}")]


def _missing(error: ErrorDetails, path: Path) -> Fault:
    name = error["loc"][-1]
    return Fault(path, f"{name} is missing", f"add {name}: …")


def _not_in_list(error: ErrorDetails, path: Path) -> Fault:
    return _outside(_label(path), error["input"], _listed(error["ctx"]["expected"]), path)


def _listed(expected: str) -> list[str]:
    return [word.strip("'") for word in re.split(r", | or ", expected)]


def _outside(label: str, value: object, words: list[str], path: Path) -> Fault:
    message = f"{label} is one of {', '.join(words)}; not {_cut(value)}"
    return Fault(path, message, close(value, words))


def _untagged(error: ErrorDetails, path: Path) -> Fault:
    name = error["ctx"]["discriminator"].strip("'")
    return Fault(path, f"{name} is missing", f"add {name}: …")


def _wrongly_tagged(error: ErrorDetails, path: Path) -> Fault:
    name = error["ctx"]["discriminator"].strip("'")
    return _outside(name, error["ctx"]["tag"], _listed(error["ctx"]["expected_tags"]), (*path, name))


def _raised(error: Exception, path: Path, *, at_key: bool) -> Iterable[Fault]:
    if isinstance(error, Misfit):
        return [Fault((*path, *f.path), f.message, f.hint, f.at_key or at_key) for f in error.faults]
    message, write, rest = str(error).partition("; write ")
    return [Fault(path, message, f"write {rest}" if write else "", at_key)]


_CLASSES = {"a-z": "small letters", "A-Z": "capitals", "0-9": "digits"}


def _misspelt(error: ErrorDetails, path: Path) -> Fault:
    """A text with a character that may not be there: the nearest that may, or all that may."""
    value, pattern = error["input"], error["ctx"]["pattern"]
    lower = value.lower()
    for other in (lower, re.sub(r"[^a-z0-9/]+", "-", lower).strip("-"), re.sub(r"\W+", "-", value).strip("-")):
        if re.search(pattern, other):
            return Fault(path, f"{_label(path)} may not be written {_cut(value)}", f"write {other}")
    allowed = [words for letters, words in _CLASSES.items() if letters in pattern]
    marks = sorted(set(re.findall(r"[._:/-]", re.sub("a-z|A-Z|0-9", "", pattern))))
    return Fault(
        path, f"{_label(path)} may not be written {_cut(value)}", f"use {', '.join(allowed)} {' '.join(marks)}".strip()
    )


_SENTENCES: dict[str, Callable[[ErrorDetails, Path], Fault]] = {
    "missing": _missing,
    "enum": _not_in_list,
    "literal_error": _not_in_list,
    "union_tag_invalid": _wrongly_tagged,
    "union_tag_not_found": _untagged,
    "string_pattern_mismatch": _misspelt,
}


def _unknown(model: type[BaseModel], error: ErrorDetails, path: Path) -> Fault:
    names = sorted({name for owner in _owners(model, error["loc"][:-1]) for name in _names(owner)})
    key = error["loc"][-1]
    guess = close(key, names)
    hint = f"{guess} " if guess else ""
    return Fault(path, f"{str(key)!r} is not known here", f"{hint}allowed: {', '.join(names)}", at_key=True)


def _names(model: type[BaseModel]) -> Iterator[str]:
    for name, info in model.model_fields.items():
        yield info.alias or name


def _owners(model: type[BaseModel], loc: Iterable[str | int]) -> list[type[BaseModel]]:
    """The models that a value at this location could have been, followed along the annotations."""
    owners = [model]
    for part in loc:
        named = [owner for owner in owners if owner.__name__ == part]
        fields = [info for owner in owners for name, info in owner.model_fields.items() if part in {name, info.alias}]
        if fields:
            owners = [inner for info in fields for inner in _inside(info.annotation)]
        elif named:
            owners = named
    return owners


def _inside(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - annotations have no type of their own
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _inside(part)
