"""Several Units in one process: found under their own names, ended together."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cell_controller.bringup.supervisor import Supervisor
from cell_controller.bringup.table import build, parse_arguments
from cell_controller.bringup.together import for_each, run_together
from cell_controller.nodes.host import RosHost
from cell_controller.nodes.operator_client import OperatorClient
from support.ros_units import Pinger, Ponger, wait_until

ROOT = Path(__file__).parents[3]
NAMESPACE = "/composed"
UP_S = 30.0  # four nodes at once in one interpreter, on a busy machine


@contextmanager
def composed_process(run_dir: Path) -> Iterator[subprocess.Popen[str]]:
    """Stations and manager of the test cell, and nobody else."""
    words = [f"cell:={ROOT / 'config/cells/test.yaml'}", f"namespace:={NAMESPACE}", f"run_dir:={run_dir}"]
    (spec,) = [s for s in build(parse_arguments([*words, "composed:=true", "urgent:=false"])) if s.composed]
    process = subprocess.Popen(
        spec.argv(os.getpid()), stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stations_and_manager_share_a_process_under_names_of_their_own(
    tmp_path: Path, number: signal.Signals
) -> None:
    units = ("robot", "spindle", "conveyor", "cell_manager")
    client = OperatorClient(NAMESPACE, operator="test")
    client.open()
    try:
        with composed_process(tmp_path) as process:
            began_s = time.monotonic()
            wait_until(
                lambda: all(client.heard_at_s(u) > began_s for u in units), UP_S, "heartbeats of all four"
            )
            wait_until(lambda: client.state is not None, UP_S, "the cell's state")
            process.send_signal(number)
            _, errors = process.communicate(timeout=10.0)
            assert process.returncode == 0, errors
            assert "Traceback" not in errors
    finally:
        client.close()


def test_one_that_ends_takes_the_others_with_it() -> None:
    pinger, ponger = Pinger(), Ponger()

    def is_enough() -> bool:
        return len(pinger.round_trips_s) < 5  # they hear each other

    hosts = [
        RosHost(ponger, "weld_line", "/together", handles_signals=False),
        RosHost(pinger, "interlock", "/together", on_step=is_enough, handles_signals=False),
    ]
    assert run_together(hosts) == 0
    assert len(pinger.round_trips_s) >= 5
    assert ponger.commands


def test_the_name_of_the_process_is_not_the_name_of_its_nodes() -> None:
    words = ["--ros-args", "--disable-external-lib-logs", "-r", "__node:=x", "-r", "__ns:=/y", "-r", "a:=b"]
    assert for_each(words) == ["--ros-args", "--disable-external-lib-logs", "-r", "__ns:=/y", "-r", "a:=b"]
    assert for_each(["--ros-args"]) == ["--ros-args"]


def test_a_process_with_a_dead_unit_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    class Broken(Ponger):
        def step(self, inputs: object, now_s: float) -> object:  # type: ignore[override]
            raise RuntimeError("broken")

    hosts = [
        RosHost(Broken("weld_line"), "weld_line", "/broken", handles_signals=False),
        RosHost(Ponger("grind_line"), "grind_line", "/broken", handles_signals=False),
    ]
    deaths: list[object] = []
    monkeypatch.setattr("threading.excepthook", lambda told: deaths.append(told.exc_value))
    assert run_together(hosts) == 1
    assert [str(error) for error in deaths] == ["broken"]


def test_a_process_is_as_silent_as_the_most_silent_of_its_units() -> None:
    """Else one that hangs would be hidden by those that share its process."""

    class Client:
        def heard_at_s(self, unit: str) -> float:
            return 5.0 if unit == "spindle" else 9.0

    words = [f"cell:={ROOT / 'config/cells/test.yaml'}", "composed:=true"]
    specs = build(parse_arguments(words))
    supervisor = Supervisor(specs, Client(), show=lambda *_: None, bus_patience_s={})  # type: ignore[arg-type]
    try:
        heard = {c.name: supervisor._sight(c).heard_at_s for c in supervisor._children.values()}
    finally:
        supervisor.end()
    assert heard["cell_manager"] == 5.0
    assert heard["interlock"] == 9.0
