"""A YAML file as plain data that remembers the line and the written text of every key."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from cell_controller.config.problems import Finding, KeyPath, Problem, dotted
from cell_controller.config.units import unit_at

_SCALARS = tuple(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float", "str"))
_AS_TEXT = ("tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:merge", "tag:yaml.org,2002:value")


@dataclass(frozen=True, slots=True)
class Mark:
    """Where a value stands."""

    line: int
    text: str  # as written, "" for a section or a list
    is_number: bool


@dataclass(slots=True)
class Document:
    """One file; `data` is None when it could not be read, and `problems` says why."""

    file: str
    text: str = ""
    data: Any = None
    marks: dict[KeyPath, Mark] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, finding: Finding) -> Problem:
        """A finding with its file, line, value and unit; a missing key is placed at its section."""
        mark = self.marks.get(finding.path)
        above = finding.path
        while above and above not in self.marks:
            above = above[:-1]
        line = self.marks[above].line if above in self.marks else 1
        return Problem(
            file=self.file,
            line=line,
            key=dotted(finding.path),
            value=mark.text if mark else "",
            unit=unit_at(finding.path) if mark and mark.is_number else "",
            text=finding.text,
            remedy=finding.remedy,
            severity=finding.severity,
        )

    def moved(self, old: KeyPath, new: KeyPath) -> None:
        """Let the marks of one key stand for another: a misspelt key for the one that was meant."""
        for path in [p for p in self.marks if p[: len(old)] == old]:
            self.marks[new + path[len(old) :]] = self.marks[path]


def read_document(path: Path) -> Document:
    """Read and parse a file; never raises for what is wrong with it."""
    document = Document(str(path))
    try:
        document.text = path.read_text(encoding="utf-8")
    except OSError as error:
        document.problems.append(_whole(document, 0, f"cannot be read: {error.strerror}", "check the path"))
        return document
    except UnicodeDecodeError as error:
        remedy = "save it as UTF-8"
        document.problems.append(_whole(document, 0, f"is not UTF-8 text at byte {error.start}", remedy))
        return document
    parse_into(document)
    return document


def parse_into(document: Document) -> None:
    """Parse `document.text`; every error that YAML lets us see is a problem."""
    yaml = YAML(typ="safe", pure=True)
    try:
        root = yaml.compose(document.text)
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 0
        document.problems.append(_whole(document, line, f"is not YAML: {error.problem}", "mend the syntax"))
        return
    except YAMLError as error:
        text = f"is not YAML: {str(error).splitlines()[0]}"
        document.problems.append(_whole(document, 0, text, "remove the character"))
        return
    if not isinstance(root, MappingNode):
        document.problems.append(_whole(document, 1, "holds no keys", "start from config/cells/demo.yaml"))
        return
    document.marks[()] = Mark(1, "", is_number=False)
    document.data = _Reader(document, yaml).mapping(root, (), ())


def _whole(document: Document, line: int, text: str, remedy: str) -> Problem:
    return Problem(document.file, line, "", "", "", text, remedy)


class _Reader:
    """Walks the nodes of one document."""

    def __init__(self, document: Document, yaml: YAML) -> None:
        self._document, self._yaml = document, yaml

    def value(self, node: Node, path: KeyPath, above: tuple[Node, ...]) -> Any:
        if node in above:
            self._report(path, "contains itself", "remove the alias")
            return None
        if isinstance(node, MappingNode):
            return self.mapping(node, path, (*above, node))
        if isinstance(node, SequenceNode):
            return self._sequence(node, path, (*above, node))
        return self._scalar(node, path)

    def mapping(self, node: MappingNode, path: KeyPath, above: tuple[Node, ...]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                self._report(path, f"has a key that is not a word in line {line}", "use a word as key")
                continue
            key = str(key_node.value)
            here = (*path, key)
            if key in found:
                first = self._document.marks[here].line
                problem = Problem(
                    self._document.file,
                    line,
                    dotted(here),
                    "",
                    "",
                    f"is given twice, first in line {first}",
                    "remove one of the two",
                )
                self._document.problems.append(problem)
                continue
            self._mark(here, line, value_node)
            found[key] = self.value(value_node, here, above)
        return found

    def _sequence(self, node: SequenceNode, path: KeyPath, above: tuple[Node, ...]) -> list[Any]:
        found = []
        for index, item in enumerate(node.value):
            here = (*path, index)
            self._mark(here, item.start_mark.line + 1, item)
            found.append(self.value(item, here, above))
        return found

    def _mark(self, path: KeyPath, line: int, node: Node) -> None:
        is_scalar = isinstance(node, ScalarNode)
        self._document.marks[path] = Mark(
            line,
            str(node.value) if is_scalar else "",
            is_number=is_scalar and str(node.tag).endswith((":int", ":float")),
        )

    def _scalar(self, node: Node, path: KeyPath) -> Any:
        if node.tag in _SCALARS:
            return self._yaml.constructor.construct_object(node)
        if node.tag not in _AS_TEXT:
            self._report(path, f"has the tag {node.tag}, which means nothing here", "remove the tag")
        return str(node.value)

    def _report(self, path: KeyPath, text: str, remedy: str) -> None:
        self._document.problems.append(self._document.problem(Finding(path, text, remedy)))
