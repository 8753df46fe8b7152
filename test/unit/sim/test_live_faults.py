"""`cell fault`: what it knows, whom it refuses, and that every fault is taken back."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from math import isnan, nan
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cell_controller.bringup.claim import key_of
from cell_controller.bringup.locks import Locks
from cell_controller.config import CELL_MANAGER, INTERLOCK, LoadedCell
from cell_controller.drives.profile import DriveProfile
from cell_controller.messages import (
    CellPermit,
    DriveSetpoint,
    DriveState,
    DriveStates,
    LineCommand,
    LineDrive,
    Order,
    Parameter,
    Setpoint,
    SetpointKind,
)
from cell_controller.plan import CellPlan, load_plan
from cell_sim.control import Control
from cell_sim.drives import build_lines, load_profiles
from cell_sim.episodes.faults import FaultKind
from cell_sim.host.not_a_number import with_nan
from cell_sim.live import wallclock
from cell_sim.live.catalog import BY_NAME, CATALOG, LiveFault, Reaction
from cell_sim.live.command import app
from cell_sim.live.documentation import with_table
from cell_sim.live.errors import (
    FaultError,
    NoRunningCellError,
    RealHardwareError,
    TargetError,
    UnknownFaultError,
)
from cell_sim.live.inject import injected, resolve
from cell_sim.live.running import RunningCell, find
from cell_sim.plant import build_plant
from support.moments import TEST_CELL

PROMISED = (
    "serial.crc", "serial.late", "unplug", "freeze", "nan", "kill", "hang", "drive-trip", "estop", "guard",
    "clock", "disk-full",
)  # fmt: skip
PAGE = Path(__file__).parents[3] / "docs" / "faults.md"
SILENT_S = 20.0


@dataclass(frozen=True)
class Bench(RunningCell):
    """A cell without processes; the simulated machine is in this one."""

    control: Control

    def sim(self, do: str, **arguments: object) -> dict[str, Any]:
        answer = self.control.obey({"do": do, **arguments}, 0.0)
        assert answer["ok"], answer
        return answer


@cache
def planned() -> tuple[LoadedCell, CellPlan]:
    return load_plan(TEST_CELL)


@cache
def profiles() -> Mapping[str, DriveProfile]:
    return load_profiles(planned()[0].cell, TEST_CELL.parents[1] / "drives")


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    loaded, plan = planned()
    cell = loaded.resolve(tmp_path)
    plant = build_plant(cell, next(iter(loaded.recipes.values())), now_s=0.0)
    lines = build_lines(cell, profiles(), plant)
    return Bench("/bench", cell, plan, tmp_path, {}, Control(cell, plant, lines, lambda *_: None))


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen([sys.executable, "-c", f"import time; time.sleep({SILENT_S})"]) as process:
        yield process
        process.kill()


def state_of(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


def becomes(pid: int, states: str) -> bool:
    deadline_s = time.monotonic() + 5.0
    while state_of(pid) not in states and time.monotonic() < deadline_s:
        time.sleep(0.01)
    return state_of(pid) in states


def test_the_page_shows_the_faults_and_their_times() -> None:
    page = PAGE.read_text(encoding="utf-8")
    loaded, plan = planned()
    assert page == with_table(page, loaded.cell, plan), "write with_table(...) back into docs/faults.md"


def test_every_promised_fault_is_there_under_the_name_that_the_simulation_has() -> None:
    assert set(PROMISED) <= set(BY_NAME)
    assert all(FaultKind(name) is fault.kind for name, fault in BY_NAME.items())
    assert len(BY_NAME) == len(CATALOG)


@pytest.mark.parametrize("fault", CATALOG, ids=lambda f: f.name)
def test_every_fault_owes_a_reaction_in_a_time_that_follows_from_the_cell(
    fault: LiveFault, bench: Bench
) -> None:
    targets = fault.targets(bench.cell) or ("",)
    assert bool(fault.aim) == (targets != ("",))
    for lasts in (False, True) if fault.lasting else (False,):
        for target in targets:
            expected, reaction = fault.owes(target, lasts=lasts)
            limit_s = fault.limit_of(bench.cell, bench.plan, target, lasts=lasts)
            assert expected
            assert (limit_s == 0.0) == (reaction is Reaction.GOES_ON)
            assert limit_s <= 2.1


def test_a_slower_line_has_more_time_to_miss_its_drive_and_an_interlock_is_missed_by_the_buses(
    bench: Bench,
) -> None:
    mute, kill = BY_NAME["mute"], BY_NAME["kill"]
    slow, fast = (mute.limit_of(bench.cell, bench.plan, d, lasts=False) for d in ("weld_x", "weld_z"))
    assert slow == pytest.approx(bench.plan.age_limit_of("weld_x") + 0.05, abs=1e-4)
    assert fast < slow
    assert kill.owes(INTERLOCK, lasts=False)[1] is Reaction.STOPS
    assert kill.owes("robot", lasts=False)[1] is Reaction.TRIPS


def test_without_a_cell_it_says_so_and_how_to_start_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", "97")
    result = CliRunner().invoke(app, ["kill", "robot", "--namespace", "/nobody_here"])
    assert isinstance(result.exception, NoRunningCellError)
    assert "no cell is up on /nobody_here (ROS_DOMAIN_ID 97)" in str(result.exception)
    assert "cell up" in str(result.exception)


def test_the_list_needs_no_cell_and_names_every_fault() -> None:
    result = CliRunner().invoke(app, ["list", "--namespace", "/nobody_here", "--json"])
    assert [entry["fault"] for entry in json.loads(result.stdout)] == [fault.name for fault in CATALOG]


def test_an_unknown_fault_or_target_is_refused_with_what_there_is(bench: Bench) -> None:
    with pytest.raises(UnknownFaultError, match=r"no fault 'kil'; there are kill, hang, nan"):
        resolve("kil", "robot", bench)
    with pytest.raises(TargetError, match=r"kill: 'robbot' is no target of this cell; there are weld_line"):
        resolve("kill", "robbot", bench)
    with pytest.raises(TargetError, match=r"unplug: it needs a target; there are weld_line, grind_line"):
        resolve("unplug", "", bench)
    with pytest.raises(TargetError, match="estop: 'weld_x' is no target"):
        resolve("estop", "weld_x", bench)
    assert resolve("clock", "", bench)[1] == "forward"


@pytest.mark.parametrize("emulated", [True, False])
def test_only_processes_of_the_cell_are_found_and_one_without_a_simulator_is_refused(
    emulated: bool, tmp_path: Path
) -> None:
    namespace = f"/found_{os.getpid()}"
    words = [sys.executable, "-c", f"import time; time.sleep({SILENT_S})"]
    node = ["--unit", "robot", "--cell", str(TEST_CELL), "--run-dir", str(tmp_path)]
    locks = Locks()
    locks.take(key_of(namespace), "the namespace")
    started = [
        subprocess.Popen([*words, *node], pass_fds=locks.descriptors),
        subprocess.Popen([*words, *node, "--unit", "stranger"]),  # of nobody: it has not the lock
        *([subprocess.Popen([*words, "cell_sim.server"], pass_fds=locks.descriptors)] if emulated else []),
    ]
    try:
        if emulated:
            running = find(namespace)
            assert running.pids == {"robot": started[0].pid}
            assert running.run_dir == tmp_path
            assert running.cell.lines["weld_line"].device == f"{tmp_path}/weld_line"
        else:
            with pytest.raises(RealHardwareError, match=r"is real: no simulator is behind weld_line"):
                find(namespace)
    finally:
        for process in started:
            process.kill()
            process.wait()
        locks.release()


MACHINE = [
    (fault, target)
    for fault in CATALOG
    if fault.kind not in (FaultKind.KILL, FaultKind.HANG, FaultKind.NAN, FaultKind.CLOCK, FaultKind.DISK_FULL)
    for target in (fault.targets(planned()[0].cell)[:1] or ("",))
]


@pytest.mark.parametrize(("fault", "target"), MACHINE, ids=lambda v: getattr(v, "name", v))
def test_the_simulator_knows_every_fault_and_the_machine_is_whole_again_after_it(
    fault: LiveFault, target: str, bench: Bench
) -> None:
    plant, lines = bench.control.plant, bench.control.lines
    modes = (False, True) if fault.lasting else (False,)

    def marks() -> tuple[object, ...]:
        return (
            plant.relay.estop_ok, plant.relay.guard_closed, plant.has_air,
            tuple(belt.is_jammed for belt in plant.belts.values()),
            tuple((d.is_mute, d.is_frozen, d.is_powered) for line in lines.values() for d in line.drives),
            tuple(line.is_plugged for line in lines.values()),
        )  # fmt: skip

    for lasts in modes:
        before = marks()
        with injected(bench, fault, target, lasts=lasts) as injection:
            assert injection.did
            is_marked = marks() != before or any(
                (r := line.next_reply).drop or r.corrupt or r.delay_s or r.truncate_to is not None
                for line in lines.values()
            )
            assert is_marked or fault.kind is FaultKind.DRIVE_TRIP
        assert injection.ended_at_s >= injection.at_s > 0.0
        if fault.kind is not FaultKind.DRIVE_TRIP:
            assert marks() == before
        if lasts:
            assert all(line.next_reply.corrupt == 0 == line.next_reply.drop for line in lines.values())


def test_a_process_is_stopped_and_goes_on_and_one_that_was_ended_meanwhile_is_let_be(
    bench: Bench, sleeper: subprocess.Popen[bytes]
) -> None:
    cell = replace(bench, pids={"robot": sleeper.pid})
    with injected(cell, *resolve("hang", "robot", cell)):
        assert becomes(sleeper.pid, "T")
    assert becomes(sleeper.pid, "SR")
    with injected(cell, *resolve("hang", "robot", cell)):
        sleeper.kill()
        sleeper.wait()


def test_a_process_is_killed(bench: Bench, sleeper: subprocess.Popen[bytes]) -> None:
    cell = replace(bench, pids={"robot": sleeper.pid})
    with injected(cell, *resolve("kill", "robot", cell)) as injection:
        assert sleeper.wait(5.0) == -signal.SIGKILL
    assert str(sleeper.pid) in injection.did
    with (
        pytest.raises(FaultError, match="robot does not run"),
        injected(bench, *resolve("kill", "robot", bench)),
    ):
        pass


WRITER = """
import sys
for line in sys.stdin:
    try:
        with open(sys.argv[1], "a") as file:
            file.write("word")
    except OSError as error:
        print(error.strerror, flush=True)
    else:
        print("written", flush=True)
"""


def test_a_full_disk_is_one_that_takes_no_byte_and_has_room_again(bench: Bench, tmp_path: Path) -> None:
    words = [sys.executable, "-c", WRITER, str(tmp_path / "journal")]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as writer:

        def write() -> str:
            assert writer.stdin is not None
            assert writer.stdout is not None
            writer.stdin.write("go\n")
            writer.stdin.flush()
            return writer.stdout.readline().strip()

        cell = replace(bench, pids={CELL_MANAGER: writer.pid})
        assert write() == "written"
        with injected(cell, *resolve("disk-full", "", cell)):
            assert write() == "File too large"
        assert write() == "written"


TELLER = "import sys, time\nfor line in sys.stdin: print(time.time(), time.monotonic(), flush=True)"


def test_the_wall_clock_of_a_cell_steps_and_its_monotonic_clock_does_not(
    bench: Bench, tmp_path: Path
) -> None:
    environment = {**os.environ, **wallclock.environment(tmp_path)}
    words = [sys.executable, "-c", TELLER]
    pipe = subprocess.PIPE
    with subprocess.Popen(words, env=environment, stdin=pipe, stdout=pipe, text=True) as teller:

        def offset_s() -> int:
            assert teller.stdin is not None
            assert teller.stdout is not None
            teller.stdin.write("\n")
            teller.stdin.flush()
            wall_s, monotonic_s = map(float, teller.stdout.readline().split())
            assert abs(monotonic_s - time.monotonic()) < 5.0
            return round((wall_s - time.time()) / wallclock.HOUR_S)

        cell = replace(bench, pids={"robot": teller.pid})
        assert offset_s() == 0
        with injected(cell, *resolve("clock", "forward", cell)):
            assert offset_s() == 1
        with injected(cell, *resolve("clock", "back", cell)):
            assert offset_s() == -1
        assert offset_s() == 0


def test_a_cell_whose_clock_cannot_be_stepped_is_told_how_to_start(
    bench: Bench, sleeper: subprocess.Popen[bytes]
) -> None:
    cell = replace(bench, pids={"robot": sleeper.pid})
    with (
        pytest.raises(FaultError, match=r"LD_PRELOAD=\S+ CELL_WALL_CLOCK=\S+ cell up FILE"),
        injected(cell, *resolve("clock", "", cell)),
    ):
        pass


MOVE = DriveSetpoint("x", SetpointKind.MOVE, target_position_m=0.1)
TURN = DriveSetpoint("s", SetpointKind.VELOCITY, target_speed_rpm=900.0)


def test_nan_goes_where_the_receiver_reads_a_number_and_nowhere_else() -> None:
    moved = with_nan(Setpoint("robot", drives=(DriveSetpoint("y"), MOVE, TURN)))
    assert isinstance(moved, Setpoint)
    assert moved.drives[0] == DriveSetpoint("y")
    assert isnan(moved.drives[1].target_position_m)
    assert moved.drives[2] == TURN
    turned = with_nan(LineCommand("line", drives=(LineDrive("s", setpoint=TURN),)))
    assert isinstance(turned, LineCommand)
    assert isnan(turned.drives[0].setpoint.target_speed_rpm)
    order = with_nan(Order("robot", parameters=(Parameter("depth_m", 0.1),)))
    assert isinstance(order, Order)
    assert isnan(order.parameters[0].value)
    io, axis = DriveState("io"), DriveState("x", measured_position_m=0.2)
    measured = with_nan(DriveStates("line", drives=(io, axis)))
    assert isinstance(measured, DriveStates)
    assert measured.drives[0] is io
    assert isnan(measured.drives[1].measured_position_m)


@pytest.mark.parametrize(
    "message",
    [CellPermit(), Setpoint("robot"), DriveStates("l", drives=(DriveState("x", measured_speed_rpm=nan),))],
)
def test_a_message_without_a_number_is_left_alone(message: object) -> None:
    assert with_nan(message) is None
