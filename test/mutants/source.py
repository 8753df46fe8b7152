"""Faults as source: a copy of the package in which every function stands in all its versions."""

from __future__ import annotations

import ast
import hashlib
import shutil
from collections.abc import Iterable, Iterator
from difflib import unified_diff
from itertools import islice, zip_longest
from pathlib import Path
from textwrap import dedent

import libcst as cst
from mutmut.mutation import file_mutation, mutators

from mutants.rooms import COPY, ROOT, SOURCES, Mutant, Room

_SEPARATOR = "ǁ"  # mutmut's, between class and method
_CHANGED = 3  # lines of a unified diff before the first hunk's own


class _Properties(cst.CSTTransformer):
    """mutmut leaves decorated functions alone; a property becomes `_x_of` and `x = property(_x_of)`."""

    def leave_FunctionDef(  # noqa: N802
        self, original_node: cst.FunctionDef, updated_node: cst.FunctionDef
    ) -> cst.BaseStatement | cst.FlattenSentinel[cst.BaseStatement]:
        decorators = [d.decorator for d in original_node.decorators]
        if (
            len(decorators) != 1
            or not isinstance(decorators[0], cst.Name)
            or decorators[0].value != "property"
        ):
            return updated_node
        name = original_node.name.value
        getter = updated_node.with_changes(decorators=(), name=cst.Name(f"_{name}_of"))
        return cst.FlattenSentinel([getter, cst.parse_statement(f"{name} = property(_{name}_of)")])


def _strings(node: cst.BaseString) -> Iterator[cst.BaseString]:
    """Names and units get other letters; words for a person do not: tests look for their gist."""
    if isinstance(node, cst.SimpleString) and " " not in node.value:
        yield from islice(mutators.operator_string(node), 1)


def _arguments(node: cst.Call) -> Iterator[cst.Call]:
    """An argument that has a default is forgotten; None in its place, mutmut's other fault, is for mypy."""
    last = len(node.args) - 1
    for n, arg in enumerate(node.args):
        if arg.keyword or (n == last and n > 0 and not arg.star):
            yield node.with_changes(args=[*node.args[:n], *node.args[n + 1 :]])


def _nothing(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """None in place of an assigned value: mypy refuses that too."""
    return iter(())


_OURS = {
    mutators.operator_string: _strings,
    mutators.operator_arg_removal: _arguments,
    mutators.operator_assignment: _nothing,
}


def _use_our_operators() -> None:
    """In place: mutmut's visitor has the list itself."""
    file_mutation.mutation_operators[:] = [  # type: ignore[index]
        (kind, _OURS.get(operator, operator)) for kind, operator in mutators.mutation_operators
    ]


def write(files: Iterable[tuple[Room, Path]]) -> list[Mutant]:
    """The copy of the package with the faults of these files in it, and what can be chosen there."""
    _use_our_operators()
    package = COPY / SOURCES
    shutil.rmtree(package, ignore_errors=True)
    shutil.copytree(ROOT / SOURCES, package, ignore=shutil.ignore_patterns("__pycache__"))
    return [mutant for room, path in files for mutant in _write_file(room, path)]


def _write_file(room: Room, path: Path) -> list[Mutant]:
    source = cst.parse_module((ROOT / path).read_text()).visit(_Properties()).code
    mutated = file_mutation.mutate_file_contents(str(path), source)
    code = mutated.code.replace("from mutmut.mutation.trampoline import", "from mutants.switch import")
    (COPY / path).write_text(code)
    lines = mutated.code.splitlines()
    texts = {
        name: lines[span.start - 1 : span.end] for name, span in mutated.line_span_by_function_name.items()
    }
    module = ".".join(path.with_suffix("").parts[1:]).removesuffix(".__init__")
    found, seen = [], {}
    for version in mutated.mutant_names:
        mangled = version.rpartition("__mutmut_")[0]
        original = texts[f"{mangled}__mutmut_orig"]
        qualname = mangled.removeprefix("x").strip(_SEPARATOR).replace(_SEPARATOR, ".")
        if _SEPARATOR not in mangled:
            qualname = mangled.removeprefix("x_")
        first, last = _statement(original, _changed_line(original, texts[version], version))
        start = mutated.line_span_by_function_name[f"{mangled}__mutmut_orig"].start
        words = f"{path.relative_to(SOURCES)} {qualname}: {_difference(original, texts[version], version)}"
        seen[words] = seen.get(words, 0) + 1
        name = words if seen[words] == 1 else f"{words} ({seen[words]})"
        digest = hashlib.sha256("\n".join(original).encode()).hexdigest()[:12]
        key = f"{module}.{qualname}"
        found.append(
            Mutant(name, room.name, str(path), key, version, digest, start + first - 1, start + last - 1)
        )
    return found


def _without_name(lines: list[str], version: str) -> list[str]:
    return [line.replace(version, f"{version.rpartition('_')[0]}_orig") for line in lines]


def _changed_line(before: list[str], after: list[str], version: str) -> int:
    """The first, counted from 1."""
    pairs = zip_longest(before, _without_name(after, version))
    return next((n for n, (old, new) in enumerate(pairs, 1) if old != new), 1)


def _statement(function: list[str], line: int) -> tuple[int, int]:
    """First and last line of the innermost statement around a line; of one with a body, its head."""
    best = (1, len(function))
    for node in ast.walk(ast.parse(dedent("\n".join(function)))):
        if not isinstance(node, ast.stmt) or isinstance(node, ast.FunctionDef):
            continue
        body = getattr(node, "body", None)
        last = body[0].lineno - 1 if body else node.end_lineno or node.lineno
        if node.lineno <= line <= max(last, node.lineno):
            best = (node.lineno, max(last, node.lineno))
    return best


def _difference(before: list[str], after: list[str], version: str) -> str:
    """`old -> new`, the changed lines without their indentation."""
    after = _without_name(after, version)
    hunks = list(unified_diff(before, after, lineterm="", n=0))[_CHANGED - 1 :]
    old = " ".join(line[1:].strip() for line in hunks if line.startswith("-"))
    new = " ".join(line[1:].strip() for line in hunks if line.startswith("+"))
    return f"{old}  ->  {new}"
