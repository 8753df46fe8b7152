"""Axes whose joints are heard late, or not for a moment, as of a server on a busy computer."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import inf

import pytest

from cell_controller.config import AxisDrive
from cell_sim.plant.axis import Axis, AxisSpec
from cell_sim.plant.gazebo_mechanics import GazeboMechanics
from support.gazebo_stand_in import DEMO
from support.slow_joint import STEP_S, SlowJoint

Z = DEMO.cell.drives["weld_z"]
assert isinstance(Z, AxisDrive)
SPEC = AxisSpec(
    "weld_z", Z.min_m, Z.max_m, Z.max_speed_m_s, Z.max_acceleration_m_s2, Z.max_force_n, Z.moving_mass_kg
)
READING_S = 0.016  # of a drive on its line
JITTER_S = 0.02
ARRIVED_M = 0.0005
GAP_S = 0.08
PLUNGE_N = 5700.0


class Run:
    """An axis with a joint behind it."""

    def __init__(self, position_m: float) -> None:
        self.axis = Axis(SPEC, position_m)
        self.joint = SlowJoint(SPEC, position_m)
        self._mechanics = GazeboMechanics(self.joint, {"weld_z": self.axis}, {}, 0.0)
        self._mechanics.step(STEP_S)
        self.axis.hold(1.0)

    def on(self, seconds: float) -> Iterator[float]:
        """Simulated time, step by step."""
        for _ in range(round(seconds / STEP_S)):
            self.joint.step()
            self._mechanics.step(STEP_S)
            yield self.joint.now_s

    def go_on(self, seconds: float) -> None:
        for _ in self.on(seconds):
            pass

    def readings(self, seconds: float) -> Iterator[tuple[float, float]]:
        """Place and speed as its drive tells them now and then."""
        due_s = -inf
        for now_s in self.on(seconds):
            if now_s >= due_s:
                due_s = now_s + READING_S
                yield self.axis.position_m, self.axis.speed_m_s


def worst_jump_m(readings: Iterator[tuple[float, float]]) -> float:
    """As the interlock sees it: more way than the speeds and a ramp between two readings allow."""
    worst_m, (was_m, was_m_s) = 0.0, next(readings)
    for at_m, speed_m_s in readings:
        time_s = READING_S + JITTER_S
        ramps_m = max(abs(was_m_s), abs(speed_m_s)) * time_s + SPEC.max_acceleration_m_s2 * time_s**2 / 2.0
        most_m = min(SPEC.max_speed_m_s * time_s, ramps_m) + ARRIVED_M
        worst_m = max(worst_m, abs(at_m - was_m) - most_m)
        was_m, was_m_s = at_m, speed_m_s
    return worst_m


@pytest.mark.parametrize("what", ["stands", "is_silent"])
def test_a_gap_between_two_joint_states_is_no_jump(what: str) -> None:
    """Of a server that stood still, and of a bridge that kept back what it had heard."""
    run = Run(0.14)
    run.axis.move_to(0.02, 0.1, 2.0, 2.0)

    def readings() -> Iterator[tuple[float, float]]:
        yield from run.readings(0.5)
        setattr(run.joint, what, True)
        yield from run.readings(GAP_S)
        setattr(run.joint, what, False)
        yield from run.readings(1.5)

    assert worst_jump_m(readings()) == 0.0
    assert run.axis.position_m == pytest.approx(0.02, abs=1e-6)


def test_an_axis_goes_on_by_its_reference_while_nothing_is_heard() -> None:
    run = Run(0.14)
    run.axis.move_to(0.02, 0.1, 2.0, 2.0)
    run.go_on(0.5)
    run.joint.is_silent = True
    for _ in run.on(GAP_S):
        assert run.axis.position_m == pytest.approx(run.joint.position_m, abs=0.002)


def test_a_joint_that_is_blocked_is_shown_where_it_stands() -> None:
    run = Run(0.14)
    run.joint.is_blocked = True
    run.axis.move_to(0.02, 0.1, 2.0, 2.0)
    for now_s in run.on(1.0):
        assert abs(run.axis.position_m - 0.14) < (0.002 if now_s < 0.3 else 1e-4)
    assert run.axis.is_lagging


def test_a_slow_reference_that_turns_round_does_not_throw_the_joint() -> None:
    """Twice the friction over the servo's stiffness would be 67 um at once; a depth is held to 10."""
    run = Run(0.001)
    run.axis.load_n = PLUNGE_N
    run.axis.set_speed(-2e-5, 1.0, 1.0)
    run.go_on(1.0)
    for speed_m_s in (2e-5, -2e-5, 2e-5):
        run.axis.set_speed(speed_m_s, 1.0, 1.0)
        for _ in run.on(0.5):
            assert run.joint.position_m == pytest.approx(run.axis.ramp.position_m, abs=1e-5)


def test_a_reference_that_creeps_to_and_fro_leaves_the_joint_alone() -> None:
    """As a force loop asks of a depth that it holds; the pin is a hundredth of a millimetre from a trip."""
    run = Run(0.001)
    run.axis.load_n = PLUNGE_N
    run.axis.set_speed(-4e-5, 1.0, 1.0)
    run.go_on(1.0)
    run.axis.set_speed(-2e-6, 1.0, 1.0)
    run.go_on(0.5)
    stood_m = run.joint.position_m
    for speed_m_s in (1e-6, -1e-6, 2e-6, -2e-6):
        run.axis.set_speed(speed_m_s, 1.0, 1.0)
        run.go_on(0.1)
        assert run.joint.position_m == pytest.approx(stood_m, abs=1e-6)


def test_a_brake_carries_the_process_force() -> None:
    """Handed over to the server it would meet a springing gantry some steps late, and swing up."""
    run = Run(0.001)
    run.go_on(0.1)
    run.axis.off()
    for _ in run.on(0.5):
        run.axis.load_n = PLUNGE_N - 5e7 * (run.axis.position_m - 0.001)  # of a gantry that is bent
        assert run.joint.position_m == pytest.approx(0.001, abs=1e-5)
    run.axis.off(brake=False)
    run.axis.load_n = PLUNGE_N
    run.go_on(0.5)
    assert run.joint.position_m > 0.002
    run.axis.off()
    run.go_on(0.3)
    stood_m = run.joint.position_m
    run.go_on(0.5)
    assert run.joint.position_m == pytest.approx(stood_m, abs=1e-5), "it closes again"


def test_a_brake_that_opens_does_not_throw_the_joint() -> None:
    """Friction keeps it short of the brake's target, and the servo's is where it stands."""
    run = Run(0.06)
    for speed_m_s in (2e-5, -2e-5):
        run.axis.set_speed(speed_m_s, 1.0, 1.0)
        run.go_on(1.0)
        for act in (run.axis.off, lambda: run.axis.hold(1.0)):
            stood_m = run.joint.position_m
            act()
            for _ in run.on(0.5):
                assert abs(run.axis.speed_m_s) < Z.standstill_m_s
                assert run.joint.position_m == pytest.approx(stood_m, abs=3e-6)


def test_an_axis_that_arrives_does_not_seem_to_push() -> None:
    """It is heard of late at the end of its way as well, where its reference is at rest already."""
    run = Run(0.10)
    run.axis.move_to(0.05, 0.1, 2.0, 2.0)
    for _ in run.on(1.5):
        assert abs(run.axis.force_n) < 200.0  # 120 of them for the ramp, 45 for friction
    assert run.axis.position_m == pytest.approx(0.05, abs=1e-6)
    assert not run.axis.is_moving


def test_a_plant_that_is_behind_takes_no_joint_state_before_its_time() -> None:
    """It catches up step by step with the newest that was heard."""
    run = Run(0.14)
    run.axis.move_to(0.02, 0.1, 2.0, 2.0)
    run.go_on(0.5)
    for _ in range(round(GAP_S / STEP_S)):
        run.joint.step()
    behind_m = [run.axis.position_m]
    for _ in range(round(GAP_S / STEP_S)):
        run._mechanics.step(STEP_S)
        behind_m.append(run.axis.position_m)
    steps_m = [a - b for a, b in pairwise(behind_m)]
    assert all(0.0 < step_m < 2.5 * 0.1 * STEP_S for step_m in steps_m), steps_m
