"""What is wrong with a configuration: one Problem per error, all of them in one ConfigError."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from cell_controller.errors import CellError

KeyPath: TypeAlias = tuple[str | int, ...]  # from the root of the file: keys, and indexes of lists


class Severity(Enum):
    """Whether the cell may run with it."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Finding:
    """What a check found; the loader adds file, line and value."""

    path: KeyPath
    text: str
    remedy: str = ""
    recipe: str = ""  # name of the recipe that the path belongs to, "" for the cell file
    severity: Severity = Severity.ERROR


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend, in words an operator can act on."""

    file: str
    line: int  # from 1; 0 when the whole file is meant
    key: str  # dotted path, "" when the whole file is meant
    value: str  # as written in the file, "" where it is a section or missing
    unit: str
    text: str
    remedy: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        value = f" = {self.value}" if self.value else ""
        unit = f" {self.unit}" if self.value and self.unit else ""
        key = f" {self.key}{value}{unit}:" if self.key else ""
        remedy = f"; {self.remedy}" if self.remedy else ""
        return f"{place}:{key} {self.text}{remedy}"


class ConfigError(CellError):
    """A cell file that cannot be used; carries every problem found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def dotted(path: KeyPath) -> str:
    """A path as operators read it: stop_programs.weld_stop.steps[0].max_s."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text
