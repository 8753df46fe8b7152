"""Every protocol on a line whose adapter hears itself: the same cell, with `echo` or without."""

from __future__ import annotations

import pytest

from cell_controller.messages import Allowed, LinePhase
from support.line_bench import LineBench
from support.profile_bench import PROFILES, ProfileBench

ONE_OF_EACH = ["fast_modbus_servo", "robotis_dynamixel_x", "fastech_ezi_servo"]


@pytest.mark.parametrize("name", ONE_OF_EACH)
def test_a_drive_arms_and_moves_behind_an_echo(name: str) -> None:
    bench = ProfileBench(PROFILES[name], echo=True)
    assert bench.wire.echoes
    bench.moving()
    bench.permit(Allowed.STOP_PROGRAM)
    assert bench.run(2.0, lambda: bench.stands)
    assert bench.seen.errors == 0


@pytest.mark.parametrize("name", ONE_OF_EACH)
@pytest.mark.parametrize("is_told", [True, False])
def test_an_echo_that_is_not_as_the_cell_file_says_never_arms_a_drive(name: str, is_told: bool) -> None:
    bench = ProfileBench(PROFILES[name], echo=is_told)
    bench.wire.echoes = not is_told
    bench.run(3.0)
    assert bench.state.phase is LinePhase.ARMING
    assert not bench.seen.is_armed


def test_one_spoilt_echo_costs_one_exchange() -> None:
    bench = LineBench("weld_line", wire={"echo": True})
    bench.enable_all()
    errors = sum(d.echo_errors for d in bench.state.drives)
    bench.wire.spoil_echo = True
    bench.run(0.5)
    assert sum(d.echo_errors for d in bench.state.drives) == errors + 1
    assert bench.state.phase is LinePhase.PERMITTED
