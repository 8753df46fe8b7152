"""From plain data to a model, or to problems in plain words."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from cell_controller.config.document import Document
from cell_controller.config.problems import Finding, KeyPath
from cell_controller.config.schema import data_path, describe, model_at
from cell_controller.config.units import quantity, unit_at

M = TypeVar("M", bound=BaseModel)


def validate(model: type[M], document: Document) -> M | None:
    """The model of a document; problems go into the document.

    Unknown keys are reported and then left out, or taken for the missing key that they resemble, so that
    one slip of the pen gives one message and the checks of everything else still run.
    """
    data = document.data
    for _ in range(2):
        try:
            return model.model_validate(data)
        except ValidationError as error:
            findings, data, is_mended = _mended(model, document, data, error.errors(include_url=False))
            document.problems += [document.problem(f) for f in findings]
            if not is_mended:
                return None
    return None


def _mended(
    model: type[BaseModel], document: Document, data: Any, errors: list[Any]
) -> tuple[list[Finding], Any, bool]:
    """Findings of one validation, the data without its unknown keys, and whether that mends everything."""
    paths = [(e, data_path(e["loc"], data)) for e in errors]
    missing = {path for e, path in paths if e["type"] == "missing"}
    data = copy.deepcopy(data)
    findings: list[Finding] = []
    renamed: set[KeyPath] = set()
    for path in [p for e, p in paths if e["type"] == "extra_forbidden"]:
        open_keys = [str(p[-1]) for p in missing - renamed if p[:-1] == path[:-1]]
        meant = closest(str(path[-1]), open_keys)
        section = _section(data, path)
        value = section.pop(path[-1])
        if meant:
            renamed.add((*path[:-1], meant))
            section[meant] = value
            document.moved(path, (*path[:-1], meant))
        findings.append(_unknown_key(model, path, data, meant))
    others = [
        _finding(model, e, path, data)
        for e, path in paths
        if e["type"] != "extra_forbidden" and path not in renamed and not _is_echo(e, path, paths)
    ]
    return findings + others, data, not others


def _is_echo(error: Any, path: KeyPath, paths: list[tuple[Any, KeyPath]]) -> bool:
    """Whether pydantic counts items as missing only because they have errors of their own."""
    return error["type"] == "too_short" and any(
        p != path and p[: len(path)] == path and e is not error for e, p in paths
    )


def _section(data: Any, path: KeyPath) -> Any:
    for part in path[:-1]:
        data = data[part]
    return data


def closest(word: str, known: list[str]) -> str:
    """The known word that was probably meant, "" when none resembles it."""
    return next(iter(get_close_matches(word, sorted(known), n=1, cutoff=0.7)), "")


def did_you_mean(word: str, known: list[str], instead: str) -> str:
    """A remedy: the word that was probably meant, or `instead`."""
    meant = closest(word, known)
    return f"did you mean {meant}?" if meant else instead


def _unknown_key(model: type[BaseModel], path: KeyPath, data: Any, meant: str) -> Finding:
    section = model_at(model, path[:-1], data)
    known = list(section.model_fields) if section else []
    guess = f"did you mean {meant}?" if meant else ""
    remedy = guess or did_you_mean(str(path[-1]), known, "remove it; known here: " + ", ".join(known))
    return Finding(path, "unknown key", remedy)


def _finding(model: type[BaseModel], error: Any, path: KeyPath, data: Any) -> Finding:
    context: Mapping[str, Any] = error.get("ctx", {})
    kind: str = error["type"]
    if kind == "missing":
        meaning = describe(model, path, data)
        return Finding(path, "missing key", f"add it ({meaning})" if meaning else "add it")
    if kind.startswith("union_tag"):
        tag = str(context["discriminator"]).strip("'")
        return Finding((*path, tag), *_TAG_WORDS[kind](context))
    if error["input"] is None:
        return Finding(path, "is empty", "give it a value or remove the key")
    if kind in _BOUNDS:
        words, name = _BOUNDS[kind]
        return Finding(path, f"must be {words} {quantity(context[name], unit_at(path))}", "correct it")
    if kind in _WORDS:
        return Finding(path, *_WORDS[kind](error["input"], context))
    return Finding(path, str(error["msg"]), "correct it")


_BOUNDS = {
    "greater_than": ("greater than", "gt"),
    "greater_than_equal": ("at least", "ge"),
    "less_than": ("less than", "lt"),
    "less_than_equal": ("at most", "le"),
}


def _kind_of(value: Any) -> str:
    names = {
        bool: "yes or no",
        str: "text",
        int: "a number",
        float: "a number",
        list: "a list",
        dict: "a section",
    }
    return names.get(type(value), "nothing")


def _wrong_type(wanted: str, remedy: str) -> Callable[[Any, Mapping[str, Any]], tuple[str, str]]:
    return lambda value, _: (f"is {_kind_of(value)} where {wanted} is needed", remedy)


def _choices(context: Mapping[str, Any], key: str) -> str:
    """The allowed values of a closed set, out of pydantic's sentence."""
    text: str = context[key]
    members = [part.rpartition(": ")[2].rstrip(">") if "<" in part else part for part in text.split(", ")]
    return ", ".join(members).replace("'", "")


def _one_of(key: str) -> Callable[[Any, Mapping[str, Any]], tuple[str, str]]:
    return lambda _, context: ("is not known here", f"use {_choices(context, key)}")


def _pattern(_: Any, context: Mapping[str, Any]) -> tuple[str, str]:
    if "/" in context["pattern"]:
        return "is not a ROS namespace", "use names behind slashes, such as /cell"
    return "is not a name", "use small letters, digits and _ and begin with a letter"


def _length(word: str, name: str) -> Callable[[Any, Mapping[str, Any]], tuple[str, str]]:
    def words(value: Any, context: Mapping[str, Any]) -> tuple[str, str]:
        return f"has {len(value)} of {word} {context[name]} entries", "correct the list"

    return words


_WORDS: dict[str, Callable[[Any, Mapping[str, Any]], tuple[str, str]]] = {
    "finite_number": lambda _v, _c: ("is not a finite number", "give a number"),
    "float_type": _wrong_type("a number", "give a number without quotes"),
    "int_type": _wrong_type("a whole number", "give a whole number without quotes"),
    "bool_type": _wrong_type("true or false", "write true or false"),
    "string_type": _wrong_type("text", "put it into quotes"),
    "tuple_type": _wrong_type("a list", "write [a, b]"),
    "dict_type": _wrong_type("a section", "write keys and values under it"),
    "model_type": _wrong_type("a section", "write keys and values under it"),
    "model_attributes_type": _wrong_type("a section", "write keys and values under it"),
    "enum": _one_of("expected"),
    "literal_error": _one_of("expected"),
    "string_pattern_mismatch": _pattern,
    "string_too_short": lambda _v, _c: ("is empty", "give it a value"),
    "too_short": _length("at least", "min_length"),
    "too_long": _length("at most", "max_length"),
}

_TAG_WORDS: dict[str, Callable[[Mapping[str, Any]], tuple[str, str]]] = {
    "union_tag_invalid": lambda c: ("is not known here", f"use {_choices(c, 'expected_tags')}"),
    "union_tag_not_found": lambda _: ("missing key", "add it; it says what this section describes"),
}
