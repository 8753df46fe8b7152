"""Traces: (unit, session, now_s, drained inputs, outputs) per step, as JSON lines, and their replay.

A recorded live trace fed step by step to the same Units gives the same outputs: `replay` raises
TraceError at the first difference.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from types import TracebackType
from typing import IO, Any, get_args, get_type_hints

from cell_controller import messages
from cell_controller.errors import CellError
from cell_controller.runtime.runner import Runner
from cell_controller.runtime.unit import Sent, Unit


class TraceError(CellError):
    """A trace cannot be read, or a replay differs from it."""


def encode(value: object) -> Any:
    """A message as plain JSON values; the top level names its type."""
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [encode(item) for item in value]
    return value


_HINTS: dict[type, dict[str, Any]] = {}


def decode(kind: Any, value: Any) -> Any:
    """The inverse of encode for a declared type."""
    if is_dataclass(kind) and isinstance(kind, type):
        hints = _HINTS.setdefault(kind, get_type_hints(kind))
        return kind(**{name: decode(hints[name], item) for name, item in value.items()})
    if kind is bytes:
        return bytes.fromhex(value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value)
    arguments = get_args(kind)
    if arguments:
        return tuple(decode(arguments[0], item) for item in value)
    return value


class TraceWriter:
    """Observer of one Runner that writes its trace; a context manager."""

    def __init__(self, path: Path, unit: str, session: int, now_s: float) -> None:
        self._file: IO[str] = path.open("w", encoding="utf-8")
        self._inputs: list[list[Any]] = []
        self._write({"unit": unit, "session": session, "now_s": now_s})

    def on_input(self, at_s: float, port: str, message: object) -> None:
        kind = None if isinstance(message, str) else type(message).__name__
        self._inputs.append([at_s, port, kind, encode(message)])

    def on_step(self, now_s: float, sent: tuple[Sent, ...]) -> None:
        self._write(
            {
                "now_s": now_s,
                "in": self._inputs,
                "out": [[s.port, type(s.message).__name__, encode(s.message)] for s in sent],
            }
        )
        self._inputs = []

    def _write(self, record: dict[str, Any]) -> None:
        self._file.write(json.dumps(record) + "\n")

    def close(self) -> None:
        self._file.close()

    def __enter__(self) -> TraceWriter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        self.close()


def read_trace(path: Path) -> Iterator[dict[str, Any]]:
    """Records of a trace file; a cut last line (power loss) ends it quietly."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    for number, line in enumerate(lines, 1):
        if not line.endswith("\n") and number == len(lines):
            return
        try:
            record = json.loads(line)
        except json.JSONDecodeError as error:
            raise TraceError(f"{path}:{number}: not a trace record: {error}") from error
        yield record


def replay(records: Iterable[dict[str, Any]], make: Callable[[], Unit]) -> int:
    """Feed a trace to a new Unit; returns the number of equal steps, raises TraceError at a difference."""
    stream = iter(records)
    head = next(stream, None)
    if head is None:
        raise TraceError("the trace is empty")
    runner = Runner(make(), head["session"], head["now_s"])
    steps = 0
    for record in stream:
        for at_s, port, kind, value in record["in"]:
            if kind is None:
                runner.deliver_malformed(port, value, at_s)
            else:
                runner.deliver(port, decode(getattr(messages, kind), value), at_s)
        sent = runner.step(record["now_s"])
        got = json.loads(json.dumps([[s.port, type(s.message).__name__, encode(s.message)] for s in sent]))
        if json.dumps(got) != json.dumps(record["out"]):
            raise TraceError(
                f"step {steps} of {head['unit']} at {record['now_s']:.6f} s: {got} instead of {record['out']}"
            )
        steps += 1
    return steps
