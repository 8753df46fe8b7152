"""Jog and proof of a stop on a bench, on simulated time, against the virtual drive of every profile."""

from __future__ import annotations

from collections.abc import Callable
from math import isnan

import pytest

from cell_controller.commissioning.bench import believed, bench_drive, bench_watchdog_s
from cell_controller.commissioning.errors import (
    CommissioningError,
    NoAnswerError,
    NotReadyError,
    RefusedError,
)
from cell_controller.commissioning.jog import Limits, jog, limits_of
from cell_controller.commissioning.session import Session
from cell_controller.commissioning.stop_proof import SHARE, BenchProof, prove_stop
from cell_controller.config.values import DriveKind
from cell_controller.drives.device import Device
from cell_controller.drives.line_setup import own_values
from cell_controller.drives.profile import Quantity
from cell_sim.emulate.bench import NAME
from cell_sim.plant.record import MOTION_KINDS
from support.profile_bench import PROFILES, names
from support.wire_bench import UNIT, WireBench

MOVERS = names(DriveKind.AXIS, DriveKind.SPINDLE)
GUARDED = [name for name in MOVERS if PROFILES[name].watchdog.exists]
BARE = [name for name in names() if name not in GUARDED]


class MotionBench(WireBench):
    """A drive that is moved by hand."""

    @property
    def watchdog_s(self) -> float | None:
        return bench_watchdog_s(self.profile, self.speed)

    def make_device(self) -> Device:
        drive = bench_drive(self.profile, UNIT)
        return Device(NAME, drive, believed(self.profile), own_values(drive, self.watchdog_s))

    @property
    def session(self) -> Session:
        return Session(self.wire, self.speed, self.make_device())

    @property
    def limits(self) -> Limits:
        return limits_of(self.profile, bench_drive(self.profile, UNIT), None)

    @property
    def true_speed(self) -> float:
        """rev/s of an axis, rpm of a spindle."""
        self.plant.advance(self.wire.now_s)
        if self.profile.kind is DriveKind.AXIS:
            return self.plant.axes[NAME].speed_m_s
        return self.plant.spindles[NAME].speed_rpm

    @property
    def orders(self) -> list[str]:
        """What the drive obeyed that moves it."""
        return [s.kind for s in self.plant.record.setpoints(NAME) if s.kind in MOTION_KINDS]

    has_moved = False

    @property
    def is_moving(self) -> bool:
        """It has come up to speed at least once."""
        self.has_moved |= abs(self.true_speed) > 0.9 * SHARE * self.limits.speed
        return self.has_moved

    def prove(self, given_up_at_s: float = 1e9, say: Callable[[str], None] = lambda text: None) -> BenchProof:
        return prove_stop(
            self.wire,
            self.speed,
            self.make_device,
            self.limits,
            self.watchdog_s or 0.0,
            say,
            lambda: self.wire.now_s >= given_up_at_s,
        )


@pytest.mark.parametrize("sign", [1.0, -1.0])
@pytest.mark.parametrize("name", GUARDED)
def test_a_drive_moves_while_the_button_is_held_and_stands_afterwards(name: str, sign: float) -> None:
    bench = MotionBench(PROFILES[name])
    fastest: list[float] = []

    def is_held() -> bool:
        fastest.append(sign * bench.true_speed)
        return bench.wire.now_s < 4.0

    done = jog(bench.session, sign * 100.0 * bench.limits.speed, bench.limits, is_held)
    assert done.stands
    assert done.limited_speed == bench.limits.speed
    assert max(fastest) == pytest.approx(bench.limits.speed, rel=0.05), "manual speed at most, and reached"
    assert abs(bench.true_speed) <= 0.01 * bench.limits.speed
    if bench.profile.kind is DriveKind.AXIS:
        assert sign * (done.ended_m - done.began_m) > 0.5
    else:
        assert isnan(done.began_m)
    counters = bench.line.counters
    assert counters.too_early == counters.broken == counters.collisions == 0


@pytest.mark.parametrize("name", GUARDED)
def test_a_button_that_is_not_held_moves_nothing(name: str) -> None:
    bench = MotionBench(PROFILES[name])
    done = jog(bench.session, bench.limits.speed, bench.limits, lambda: False)
    assert done.stands
    assert bench.orders == []


@pytest.mark.parametrize("name", BARE)
def test_what_nothing_would_stop_is_not_moved(name: str) -> None:
    bench = MotionBench(PROFILES[name])
    with pytest.raises(RefusedError, match=r"has no watchdog|moves nothing"):
        jog(bench.session, 1.0, bench.limits, lambda: True)
    with pytest.raises(RefusedError, match=r"has no watchdog|moves nothing"):
        bench.prove()
    assert bench.wire.sent == []


@pytest.mark.parametrize("name", GUARDED)
def test_a_drive_is_armed_before_it_moves(name: str) -> None:
    bench = MotionBench(PROFILES[name])
    if bench.profile.identity:
        test = bench.profile.identity[0]
        bench.device.store(test.field, 0x0A5A)
        with pytest.raises(NotReadyError, match=f"not armed: {test.field} is"):
            jog(bench.session, bench.limits.speed, bench.limits, lambda: True)
        assert bench.orders == []
    else:
        jog(bench.session, bench.limits.speed, bench.limits, lambda: False)
        assert bench.device.watchdog_s == pytest.approx(bench.watchdog_s)


def test_a_silent_drive_is_told_from_one_that_refuses() -> None:
    bench = MotionBench(PROFILES["delta_c2000"])
    bench.device.is_mute = True
    with pytest.raises(NoAnswerError, match="unit 5 does not answer at 115200 8N2"):
        jog(bench.session, bench.limits.speed, bench.limits, lambda: True)
    assert bench.wire.now_s < 3.0


@pytest.mark.parametrize("name", GUARDED)
def test_a_drive_that_falls_silent_while_it_moves_is_stopped_by_its_watchdog(name: str) -> None:
    bench = MotionBench(PROFILES[name])

    def is_held() -> bool:
        if abs(bench.true_speed) > 0.9 * bench.limits.speed:
            bench.device.is_mute = True
        return True

    with pytest.raises(NotReadyError, match="does not answer any more"):
        jog(bench.session, bench.limits.speed, bench.limits, is_held)
    assert abs(bench.true_speed) <= 0.01 * bench.limits.speed


def test_without_its_enable_a_drive_does_not_switch_on_and_the_reason_is_named() -> None:
    bench = MotionBench(PROFILES["delta_asda_a3"])
    bench.plant.set_outputs("enable", 0)
    bench.plant.advance(1.0)
    bench.wire.now_s = 1.0
    with pytest.raises(NotReadyError, match=r"enable \(STO\) closed|fault"):
        jog(bench.session, bench.limits.speed, bench.limits, lambda: True)
    assert bench.orders == []


def test_an_axis_that_knows_where_it_is_stops_before_its_soft_limit() -> None:
    bench = MotionBench(PROFILES["fast_modbus_servo"])
    device = bench.make_device()
    device.drive = device.drive.model_copy(update={"max_m": 1.5, "min_m": -0.7})
    done = jog(Session(bench.wire, bench.speed, device), 1.0, bench.limits, lambda: True)
    assert done.at_end
    assert 1.0 < done.ended_m <= 1.5
    device = bench.make_device()
    device.drive = device.drive.model_copy(update={"max_m": 1.5, "min_m": -0.7})
    done = jog(Session(bench.wire, bench.speed, device), -1.0, bench.limits, lambda: True)
    assert -0.7 <= done.ended_m < -0.2


@pytest.mark.parametrize("name", ["ls_s100", "delta_vfd_e"])
def test_a_spindle_in_a_cell_that_may_coast_is_waited_for_before_its_fault_is_cleared(name: str) -> None:
    bench = MotionBench(PROFILES[name])
    jog(bench.session, bench.limits.speed, bench.limits, lambda: bench.wire.now_s < 3.0)
    bench.wire.wait(bench.wire.now_s + 5.0)  # nobody asks it any more: its watchdog has run out
    coast_s = 12.0
    drive = bench_drive(bench.profile, UNIT).model_copy(update={"coast_s": coast_s})
    device = Device(NAME, drive, bench.profile, own_values(drive, bench.watchdog_s))
    began_s = bench.wire.now_s
    orders = len(bench.orders)
    done = jog(
        Session(bench.wire, bench.speed, device),
        bench.limits.speed,
        bench.limits,
        lambda: bench.wire.now_s < began_s + coast_s + 8.0,
    )
    assert done.stands
    assert done.let_go_speed == pytest.approx(bench.limits.speed, rel=0.05)
    assert len(bench.orders) > orders


# Proof


@pytest.mark.parametrize("name", GUARDED)
def test_a_drive_whose_watchdog_works_is_proved_and_off_afterwards(name: str) -> None:
    bench = MotionBench(PROFILES[name])
    proof = bench.prove()
    assert proof.measured.in_time, proof
    assert proof.watchdog_s == bench.watchdog_s
    assert bench.device.watchdog_s == pytest.approx(proof.watchdog_s)
    expired = [e.at_s for e in bench.plant.record.entries if getattr(e, "name", "") == "watchdog"]
    assert len(expired) == 1, "it was the watchdog that stopped it"
    assert abs(bench.true_speed) <= 0.01 * bench.limits.speed
    if bench.profile.kind is DriveKind.AXIS:
        assert proof.measured.time_s is not None
        assert proof.measured.resolution_s is not None
        room_s = proof.measured.resolution_s + 0.05
        assert proof.measured.time_s == pytest.approx(proof.watchdog_s + 0.1, abs=room_s)


@pytest.mark.parametrize("name", GUARDED)
def test_a_watchdog_that_does_nothing_is_found_and_the_drive_is_stopped(name: str) -> None:
    bench = MotionBench(PROFILES[name])
    bench.device.expired = lambda: None  # type: ignore[method-assign]
    proof = bench.prove()
    assert not proof.measured.in_time
    assert "did not stop" in proof.measured.detail
    assert abs(bench.true_speed) <= 0.01 * bench.limits.speed


@pytest.mark.parametrize("name", GUARDED)
def test_a_drive_that_hears_and_is_not_heard_is_told_to_stop_all_the_same(name: str) -> None:
    """With a watchdog that does nothing: nothing but that stop would end its motion."""
    bench, said = MotionBench(PROFILES[name]), list[str]()
    bench.device.expired = lambda: None  # type: ignore[method-assign]
    wait = bench.wire.wait

    def lost(until_s: float) -> bytes:
        data = wait(until_s)
        return b"" if bench.is_moving else data

    bench.wire.wait = lost  # type: ignore[method-assign]
    with pytest.raises(CommissioningError):
        bench.prove(say=said.append)
    assert any("was told to stop and was not seen to: switch it off by hand" in text for text in said)
    assert abs(bench.true_speed) <= 0.01 * bench.limits.speed


@pytest.mark.parametrize("at_s", [0.6, 0.9, 1.2])
def test_a_proof_that_is_interrupted_stops_the_drive_first(at_s: float) -> None:
    bench = MotionBench(PROFILES["ls_s100"])
    with pytest.raises(NotReadyError, match="interrupted"):
        bench.prove(given_up_at_s=at_s)
    assert abs(bench.true_speed) <= 0.01 * bench.limits.speed


def test_a_watchdog_that_does_not_keep_its_setting_is_not_proved() -> None:
    bench = MotionBench(PROFILES["delta_c2000"])
    device = bench.device
    former = device.written

    def forget(touched: object) -> None:
        former(touched)  # type: ignore[arg-type]
        device.store(Quantity.WATCHDOG_TIMEOUT, 0)

    device.written = forget  # type: ignore[method-assign]
    with pytest.raises(NotReadyError, match="not armed: watchdog_action, watchdog_timeout reads back"):
        bench.prove()
    assert bench.orders == []
