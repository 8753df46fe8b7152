"""Two cells on one ROS domain have nothing in common but the tools that look at them."""

from pathlib import Path

import pytest

from cell_controller.bringup.claim import Claim, key_of
from cell_controller.bringup.errors import InUseError
from cell_controller.bringup.table import Arguments, build, settle
from cell_controller.nodes.standard import frame_id

CELL = Path(__file__).parents[3] / "config" / "cells" / "demo.yaml"
FIRST, SECOND = Arguments(CELL, "/left", display=True), Arguments(CELL, "/right", display=True)


@pytest.fixture(autouse=True)
def _a_place_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def names(arguments: Arguments) -> set[str]:
    """Everything of a cell that another one on this machine or domain must not have."""
    settled, cell = settle(arguments)
    assert settled.namespace is not None
    namespace = settled.namespace
    nodes = {f"node {s.namespace}/{unit}" for s in build(arguments) if s.is_node for unit in s.units}
    lines = {f"line {line.device}" for line in cell.lines.values()}
    processes = {f"process {word}" for p in cell.processes.values() for word in p.arguments if "/" in word}
    return {
        *nodes,
        *lines,
        *(p for p in processes if not p.endswith(CELL.name)),  # both may read the same file
        f"run {settled.run_dir}",
        f"journal {cell.journal}",
        f"lock {key_of(namespace)}",
        f"frame {frame_id(namespace.strip('/'), 'world')}",
    }


@pytest.mark.parametrize("composed", [False, True])
def test_two_cells_of_one_file_share_no_name(composed: bool) -> None:
    first, second = (
        names(Arguments(CELL, namespace, composed=composed, display=True))
        for namespace in ("/left", "/right")
    )
    assert len(first) == len(second) > 15
    assert not first & second


def test_two_cells_are_up_at_once_and_a_third_of_the_same_name_is_refused() -> None:
    first, second, third = Claim(FIRST), Claim(SECOND), Claim(FIRST)
    first.take()
    second.take()
    with pytest.raises(InUseError, match="namespace /left"):
        third.take()
    second.release()
    first.release()
