"""One running cell for the cases of a module, from `CellUp`."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from cell_controller.bringup.table import Arguments, NodeSpec, build
from cell_controller.bringup.up import CellUp
from cell_sim.live import wallclock
from support.live_cell import READY_S, LiveCell

TEST_CELL = Path(__file__).parents[2] / "config" / "cells" / "test.yaml"


def table(arguments: Arguments) -> list[NodeSpec]:
    """As on a machine: no checks that cost half of the time. The wall clock can be stepped."""
    assert arguments.run_dir is not None
    more = {"ROS_PYTHON_CHECK_FIELDS": "0", **wallclock.environment(arguments.run_dir)}
    return [replace(spec, environment=(*spec.environment, *more.items())) for spec in build(arguments)]


@pytest.fixture(scope="module")
def live_cell(keeps_processes: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveCell]:
    """The test cell, up and Aborted; its run directory (journal, record, true motion) is kept by pytest."""
    said: list[tuple[str, str]] = []
    run_dir = tmp_path_factory.mktemp("cell")
    up = CellUp(Arguments(TEST_CELL, None, run_dir), show=lambda *line: said.append(line), table=table)
    with up:
        up.wait_ready(READY_S)
        yield LiveCell(up, up.client)
    allowed = {0, -9}  # ended as told, or killed by a test or the supervisor
    ends = {name: codes for name, codes in up.exit_codes().items() if set(codes) - allowed}
    assert not ends, f"{ends}\n" + "\n".join(f"[{name}] {line}" for name, line in said)


FAILED = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call":
        item.stash[FAILED] = report.failed
    return report


@pytest.fixture(autouse=True)
def _next_case_can_begin(request: pytest.FixtureRequest) -> Iterator[None]:
    """A case that fails leaves the cell anywhere; the ones after it begin from Stopped."""
    cell = request.getfixturevalue("live_cell") if "live_cell" in request.fixturenames else None
    yield
    if isinstance(cell, LiveCell) and request.node.stash.get(FAILED, False):
        cell.start_over()
