"""Faults as source: what a fault is called, and that it can be chosen by that name."""

from pathlib import Path

import pytest

from mutants import source
from mutants.rooms import ROOT, Room

CODE = """
class _Hidden:
    def __call__(self, a: int) -> int:
        return a + 1

    def _inner(self) -> int:
        return 2


class Open:
    def method(self) -> int:
        return 3


def _helper() -> int:
    return 4


def function() -> int:
    return 5
"""


def test_a_fault_is_chosen_by_the_name_that_python_gives_its_function(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "COPY", tmp_path / "copy")
    monkeypatch.setattr(source, "ROOT", tmp_path)
    path = Path("src/cell_controller/place/module.py")
    (tmp_path / path).parent.mkdir(parents=True)
    (tmp_path / path).write_text(CODE)
    monkeypatch.chdir(ROOT)
    found = source.write([(Room("place", ("place/*.py",), ()), path)])
    names = ("_Hidden.__call__", "_Hidden._inner", "Open.method", "_helper", "function")
    assert {m.key for m in found} == {f"cell_controller.place.module.{name}" for name in names}
