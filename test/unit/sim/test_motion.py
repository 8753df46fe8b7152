import pytest
from hypothesis import given
from hypothesis import strategies as st

from cell_sim.plant.axis import Axis, AxisSpec
from cell_sim.plant.motion import Ramp

finite = st.floats(-1.0, 1.0)
positive = st.floats(0.01, 2.0)


@given(start=finite, speed=finite, target=finite, limit=positive, up=positive, down=positive)
def test_a_move_from_any_speed_ends_at_its_target_and_stands(start, speed, target, limit, up, down):
    ramp = Ramp()
    ramp.reset(start, speed)
    ramp.move(target, limit, up, down)
    ramp.advance(1e4)
    assert ramp.position_m == target
    assert ramp.is_at_rest


@given(
    speed=finite,
    target=finite,
    limit=positive,
    up=positive,
    down=positive,
    steps=st.lists(st.floats(0.0001, 0.3), max_size=12),
)
def test_the_motion_does_not_depend_on_the_steps(speed, target, limit, up, down, steps):
    fine, coarse = Ramp(), Ramp()
    for ramp in (fine, coarse):
        ramp.reset(0.0, speed)
        ramp.move(target, limit, up, down)
    for step in steps:
        fine.advance(step)
    coarse.advance(sum(steps))
    assert fine.position_m == pytest.approx(coarse.position_m, abs=1e-9)
    assert fine.speed_m_s == pytest.approx(coarse.speed_m_s, abs=1e-9)


def test_a_move_never_exceeds_its_speed():
    ramp = Ramp()
    ramp.move(1.0, 0.3, 1.0, 2.0)
    fastest = 0.0
    while not ramp.is_done:
        ramp.advance(0.005)
        fastest = max(fastest, ramp.speed_m_s)
    assert fastest == pytest.approx(0.3)


def axis(force_n: float = 1000.0) -> Axis:
    return Axis(AxisSpec("x", -1.0, 1.0, 0.5, 5.0, force_n, 100.0))


def test_the_brake_stops_an_axis_within_a_tenth_of_a_second():
    x = axis()
    x.set_speed(0.5, 5.0, 5.0)
    x.step(1.0)
    x.off()
    x.step(0.1)
    assert x.speed_m_s == 0.0
    assert x.position_m == pytest.approx(0.475 + 0.025)


def test_an_axis_with_too_little_force_lags_behind_and_catches_up():
    x = axis()
    x.force_limit_n = 200.0  # 100 kg at 5 m/s2 needs 500 N
    x.move_to(0.2, 0.3, 5.0, 5.0)
    for _ in range(50):
        x.step(0.002)
    assert x.following_error_m > 0.005
    assert abs(x.force_n) <= 200.0
    for _ in range(2000):
        x.step(0.002)
    assert x.position_m == pytest.approx(0.2, abs=5e-6)
    assert not x.is_lagging


def test_a_blocked_axis_does_not_move_and_pushes_with_its_limit():
    x = axis()
    x.drag_n = 5000.0
    x.move_to(0.2, 0.3, 5.0, 5.0)
    for _ in range(500):
        x.step(0.002)
    assert x.position_m == 0.0
    assert x.force_n == 1000.0


def test_without_torque_no_command_moves_an_axis():
    x = axis()
    x.is_enabled = False
    x.move_to(0.2, 0.3, 5.0, 5.0)
    x.set_speed(0.1, 1.0, 1.0)
    x.step(1.0)
    assert x.position_m == 0.0
