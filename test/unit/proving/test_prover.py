"""Every way in which a trial can end, on virtual lines and simulated time."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from cell_controller.config import CellFile, OnStop, OutputSignal
from cell_controller.drives.profile import DriveProfile, load_profile
from cell_controller.proving.proof import StoppedBy, lacks
from cell_controller.proving.trial import SPINDLE_SHARE
from cell_sim.drives import build
from cell_sim.drives.fast_servo import VirtualFastServo
from cell_sim.drives.ls import VirtualLsS100
from support.prover_bench import ProverBench

BARE = Path(__file__).parents[2] / "profiles" / "bare_servo.yaml"


@pytest.fixture(scope="module")
def whole() -> ProverBench:
    """A whole cell whose watchdogs all work."""
    bench = ProverBench()
    bench.run()
    return bench


def test_every_drive_of_a_good_cell_is_proved(whole: ProverBench) -> None:
    assert whole.prover.problem == ""
    assert not whole.prover.refused
    assert not lacks(whole.cell, whole.plan, {p.drive: p for p in whole.prover.proofs})
    assert {p.drive for p in whole.prover.proofs if p.stopped_by is StoppedBy.ENABLE} == {"belt"}


def test_the_measured_time_is_watchdog_and_ramp_within_its_resolution(whole: ProverBench) -> None:
    for proof in whole.prover.proofs:
        drive = whole.cell.drives[proof.drive]
        waits = "safety_io" if proof.stopped_by is StoppedBy.ENABLE else proof.drive
        watchdog_s = whole.plan.drives[waits].watchdog_s
        is_axis = drive.kind == "axis"
        ramp_s = (
            proof.speed / drive.max_acceleration_m_s2
            if is_axis
            else drive.ramp_s * proof.speed / drive.max_speed_rpm
        )
        assert watchdog_s is not None
        assert proof.stop_time_s is not None
        assert proof.resolution_s is not None
        assert proof.resolution_s < 0.02
        # The frame's end is one reply earlier than its drive hears the next; the ramp may be steeper.
        assert proof.stop_time_s == pytest.approx(watchdog_s + ramp_s, abs=proof.resolution_s + 0.025)


def test_an_axis_ran_on_for_the_distance_that_is_kept(whole: ProverBench) -> None:
    proof = whole.proof("weld_x")
    assert proof.distance_m == pytest.approx(0.010 * 1.0, rel=0.02)  # manual speed, watchdog of 1 s
    assert whole.proof("weld_spindle").distance_m is None


def test_nothing_is_faster_than_manual_speed(whole: ProverBench) -> None:
    for name, drive in whole.cell.drives.items():
        speeds = [abs(s.speed) for s in whole.record.samples(name)]
        if drive.kind == "axis":
            assert max(speeds) <= 1.02 * whole.cell.safety.manual_speed_m_s
        elif drive.kind == "spindle":
            assert max(speeds) <= 1.02 * SPINDLE_SHARE * drive.permitted_rpm


def test_one_drive_moves_at_a_time_and_tools_stay_above_their_safe_position(whole: ProverBench) -> None:
    moving: dict[float, set[str]] = {}
    for name, drive in whole.cell.drives.items():
        for sample in whole.record.samples(name) if drive.kind != "io" else ():
            limit = 1.0 if drive.kind == "spindle" else 1e-6
            if abs(sample.speed) > limit:
                moving.setdefault(round(sample.at_s, 3), set()).add(name)
    assert max(len(names) for names in moving.values()) == 1
    floors = {"weld_z": 0.020, "grind_infeed": 0.012}
    for name, floor_m in floors.items():
        assert min(s.position for s in whole.record.samples(name)) >= floor_m - 1e-4


def test_at_the_end_the_enables_are_off_and_every_port_is_closed(whole: ProverBench) -> None:
    assert whole.plant.modules["safety_io"].outputs == 0
    assert not whole.open


def test_not_a_byte_is_on_the_line_while_it_is_silent() -> None:
    bench = ProverBench(drives=("grind_traverse",))
    bench.run()
    times = [at_s for at_s, line, _ in bench.sent if line == "grind_line"]
    longest_s = max(b - a for a, b in pairwise(times))
    assert longest_s == pytest.approx(bench.plan.drives["grind_traverse"].coast_s, abs=0.05)
    others = [at_s for at_s, line, _ in bench.sent if line == "safety_line"]
    assert max(b - a for a, b in pairwise(others)) < 0.1


@pytest.mark.parametrize("name", ["weld_x", "grind_infeed", "grind_wheel"])
def test_a_watchdog_that_does_not_work_is_found_and_named(name: str) -> None:
    bench = ProverBench(drives=(name,))
    drive = bench.drive(name)
    drive.expired = lambda: None  # type: ignore[method-assign]  # it reads back well, and does nothing
    bench.run()
    proof = bench.proof(name)
    assert not proof.is_proved
    assert "did not stop" in proof.detail
    assert "watchdog does not work" in proof.detail
    assert f"{name}: NOT PROVED" in bench.prover.said[-1]
    assert bench.prover.problem == ""
    body = bench.plant.axes[name] if name in bench.plant.axes else bench.plant.spindles[name]
    assert abs(getattr(body, "speed_m_s", getattr(body, "speed_rpm", 0.0))) < 1e-6  # stopped by its bus
    (lack,) = [x for x in lacks(bench.cell, bench.plan, {name: proof}) if x.drive == name]
    assert "did not stop" in lack.reason


def test_a_watchdog_that_is_late_is_not_proved() -> None:
    bench = ProverBench(drives=("grind_infeed",))
    drive = bench.drive("grind_infeed")
    assert isinstance(drive, VirtualFastServo)
    original = drive.expired

    def late() -> None:
        bench.at(bench.now_s + 0.2, original)

    drive.expired = late  # type: ignore[method-assign]
    bench.run()
    proof = bench.proof("grind_infeed")
    assert not proof.is_proved
    assert "did not stop" in proof.detail or "stood only" in proof.detail


def test_a_station_with_its_tool_low_is_left_alone_and_so_are_the_belts() -> None:
    bench = ProverBench(drives=("weld_x", "weld_spindle", "belt", "grind_traverse"))
    low = bench.plant.axes["weld_z"]
    low.position_m = low.ramp.position_m = 0.005
    bench.run()
    assert [x.drive for x in bench.prover.refused] == ["weld_x", "weld_spindle", "belt"]
    assert all("may be in the material" in x.reason for x in bench.prover.refused)
    assert [p.drive for p in bench.prover.proofs] == ["grind_traverse"]
    assert not bench.record.samples("weld_x")


def test_an_emergency_stop_that_is_pressed_is_waited_for_and_named() -> None:
    bench = ProverBench(drives=("belt",))
    bench.plant.press_estop()
    bench.at(4.0, bench.plant.release_estop)
    bench.run()
    assert any(line.startswith("waiting until all are on: estop_ok is off") for line in bench.prover.said)
    assert bench.proof("belt").is_proved
    assert min(s.at_s for s in bench.record.samples("belt")) > 4.0


def test_a_guard_that_is_forced_open_stops_the_drive_and_ends_the_proof() -> None:
    bench = ProverBench(drives=("weld_x",))
    bench.at(2.4, bench.open_guard)
    bench.run()
    assert bench.prover.problem.startswith("stopped: ")
    assert "guard_closed is off" in bench.prover.problem
    assert not bench.prover.proofs
    assert bench.last_motion_s("weld_x") < 2.4 + 1.2  # at most by its watchdog, when its line was silent


@pytest.mark.parametrize("at_s", [0.1, 1.0, 1.1])  # while drives are armed, before relay and bolt follow
def test_a_computer_that_is_late_before_anything_moves_asks_for_the_enables_again(at_s: float) -> None:
    bench = ProverBench(drives=("weld_x",))
    bench.at(at_s, lambda: bench.stall(0.3))
    bench.run(30.0)
    assert bench.prover.problem == ""
    assert bench.proof("weld_x").is_proved


def test_a_computer_that_is_always_late_is_said_to_be() -> None:
    bench = ProverBench(drives=("weld_x",))
    for number in range(20):
        bench.at(1.05 + 0.4 * number, lambda: bench.stall(0.3))
    bench.run(30.0)
    assert "late step" in bench.prover.problem
    assert not bench.record.samples("weld_x")


@pytest.mark.parametrize("at_s", [1.6, 2.4])  # in motion, in the silence
def test_a_computer_that_is_late_costs_another_try_and_no_verdict(at_s: float) -> None:
    bench = ProverBench(drives=("weld_x",))
    bench.at(at_s, lambda: bench.stall(0.3))
    bench.run()
    assert bench.prover.problem == ""
    assert sum("once more" in line for line in bench.prover.said) == 1
    proof = bench.proof("weld_x")
    assert proof.is_proved
    assert proof.stop_time_s == pytest.approx(1.0, abs=0.03)


def test_giving_up_stops_what_moves() -> None:
    bench = ProverBench(drives=("weld_spindle",))
    bench.at(2.0, lambda: bench.prover.give_up("interrupted"))
    bench.run()
    assert bench.prover.problem == "interrupted"
    assert abs(bench.plant.spindles["weld_spindle"].speed_rpm) < 11.0
    assert not bench.open


def test_a_drive_that_cannot_be_armed_is_named() -> None:
    bench = ProverBench(drives=("belt",))
    bench.drive("weld_y").is_mute = True
    bench.run()
    assert "weld_y: does not answer" in bench.prover.problem
    assert not bench.record.samples("belt")


# A spindle whose drive shows 0 as soon as its output is off


def test_a_wheel_that_may_coast_is_waited_for() -> None:
    bench = ProverBench(drives=("grind_infeed",), coast_s=3.0)
    bench.run()
    assert "waiting until everything on grind_line stands" in bench.prover.said
    assert bench.proof("grind_infeed").is_proved
    assert min(s.at_s for s in bench.record.samples("grind_infeed")) > 3.0


def test_a_wheel_that_its_watchdog_brakes_is_proved_and_one_that_it_lets_go_is_not() -> None:
    braked = ProverBench(drives=("grind_wheel",), coast_s=3.0)
    braked.run()
    proof = braked.proof("grind_wheel")
    assert proof.is_proved, proof.detail
    assert proof.stop_time_s == pytest.approx(0.6 + 0.5 * 725 / 2900, abs=0.03)
    let_go = ProverBench(drives=("grind_wheel",), coast_s=3.0)
    wheel = let_go.drive("grind_wheel")
    assert isinstance(wheel, VirtualLsS100)
    wheel.expired = wheel.lose_torque  # type: ignore[method-assign]
    let_go.run()
    proof = let_go.proof("grind_wheel")
    assert not proof.is_proved
    assert "the shaft coasted" in proof.detail


# A drive without a watchdog


class BareServo(VirtualFastServo):
    """Waits for ever."""

    @property
    def watchdog_s(self) -> float:
        return 0.0


def wired(cell: CellFile) -> CellFile:
    """The infeed with an enable of its own on the safety module."""
    signal = OutputSignal(module="safety_io", channel=3, owner="interlock", on_stop=OnStop.OPEN)
    outputs = {**cell.signals.outputs, "infeed_enable": signal}
    infeed = cell.drives["grind_infeed"].model_copy(
        update={"profile": "bare_servo", "enable": "infeed_enable"}
    )
    return cell.model_copy(
        update={
            "signals": cell.signals.model_copy(update={"outputs": outputs}),
            "drives": {**cell.drives, "grind_infeed": infeed},
        }
    )


def with_bare(profiles: dict[str, DriveProfile]) -> dict[str, DriveProfile]:
    return {**profiles, "bare_servo": load_profile(BARE)}


@pytest.mark.parametrize("is_wired", [True, False])
def test_a_hardwired_enable_is_proved_by_silence_on_its_line_and_its_modules(
    monkeypatch: pytest.MonkeyPatch, is_wired: bool
) -> None:
    monkeypatch.setitem(build._AXES, "bare_servo", BareServo)
    bench = ProverBench(drives=("grind_infeed",), change=wired, profiles=with_bare)
    if not is_wired:
        bench.plant.own_enables.pop("grind_infeed")
    bench.run()
    proof = bench.proof("grind_infeed")
    assert bench.prover.problem == ""
    assert proof.stopped_by is StoppedBy.ENABLE
    assert proof.is_proved is is_wired
    if is_wired:
        assert proof.stop_time_s == pytest.approx(bench.plan.drives["safety_io"].watchdog_s, abs=0.03)
    else:
        assert "hardwired enable does not work" in proof.detail
    lacking = {x.drive for x in lacks(bench.cell, bench.plan, {"grind_infeed": proof})}
    assert ("grind_infeed" in lacking) is not is_wired
    unwired = replace(proof, stopped_by=StoppedBy.WATCHDOG)
    assert "grind_infeed" in {x.drive for x in lacks(bench.cell, bench.plan, {"grind_infeed": unwired})}
