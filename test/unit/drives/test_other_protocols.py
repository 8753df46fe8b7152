"""What a drive needs that has no ramped stop, loses its settings by itself, and is armed in steps."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from cell_controller.drives.actuation import Actuator, Seen, Stage, Wanted
from cell_controller.drives.arming import Arming
from cell_controller.drives.errors import ProfileError
from cell_controller.drives.goal import HOLD, OFF, STOP, Goal, GoalKind
from cell_controller.drives.motion import Motion, Track, fastest_reading_rpm
from cell_controller.drives.profile import (
    DriveCondition,
    Source,
    StopCategory,
    encode_exchange,
    load_profile,
)
from cell_controller.drives.profile.checks import exchanges_of
from cell_controller.drives.protocols import CODECS
from cell_controller.drives.protocols.request import ReadRegisters, WriteRegisters
from cell_controller.drives.requests import read_back_request, read_request, write_request

DRIVES = Path(__file__).parents[3] / "config" / "drives"
X = load_profile(DRIVES / "robotis_dynamixel_x.yaml")
WATCHDOG, TORQUE = 98, 64


def place_of(wanted: Wanted | None) -> float:
    assert wanted is not None
    assert wanted.stage is Stage.RAMP
    return dict(wanted.values)[Source.STOP_POSITION]


def moving_at(measured_at_s: float, speed_rpm: float = 60.0) -> Seen:
    motion = Motion(position_rev=2.0, speed_rpm=speed_rpm, ramp_rpm_s=600.0)
    return Seen(DriveCondition.OPERATION_ENABLED, False, True, measured_at_s, motion=motion)


@pytest.mark.parametrize(("speed_rpm", "sign"), [(60.0, 1.0), (-60.0, -1.0)])
def test_a_place_to_stop_is_where_the_ramp_ends_from_where_the_drive_is_by_now(
    speed_rpm: float, sign: float
) -> None:
    actuator = Actuator(X)
    actuator.pursue(STOP)
    wanted = actuator.wanted(moving_at(10.0, speed_rpm), 10.1)
    # 0.1 rev on the way since it was read, and 60 rpm down at 600 rpm/s: 0.1 s, 0.05 rev
    assert place_of(wanted) == pytest.approx(2.0 + sign * 0.15)
    assert wanted is not None
    assert dict(wanted.values)[Source.TARGET_SPEED] == 60.0
    assert dict(wanted.values)[Source.ACCELERATION] == 600.0


@pytest.mark.parametrize(
    ("position_rev", "speed_rpm", "place_rev"),
    [(9.99, 60.0, 10.0), (10.2, 60.0, 10.2), (-9.99, -60.0, -10.0), (10.2, -60.0, 10.15), (0.0, 60.0, 0.05)],
)
def test_a_stop_is_not_aimed_beyond_the_travel_nor_back_from_beyond(
    position_rev: float, speed_rpm: float, place_rev: float
) -> None:
    values = Motion(position_rev, speed_rpm, 600.0, -10.0, 10.0).stop(0.0)
    assert values is not None
    assert dict(values)[Source.STOP_POSITION] == pytest.approx(place_rev)


def test_a_stop_that_is_repeated_counts_the_braking_since_the_first_and_leads_no_further() -> None:
    actuator = Actuator(X)
    actuator.pursue(STOP)
    first = actuator.wanted(moving_at(10.0), 10.0)
    assert first is not None
    actuator.acknowledged(first, 108, [], 10.0)
    # read in the middle of the ramp, and the next readings were lost: by now it stands
    assert place_of(actuator.wanted(moving_at(10.05, 30.0), 10.3)) == pytest.approx(2.0125)
    # read before it was told: at its speed until then, by the ramp since
    assert place_of(actuator.wanted(moving_at(9.9), 10.3)) == pytest.approx(2.0 + 0.1 + 0.05)


@pytest.mark.parametrize("then", [STOP, HOLD, OFF])
def test_a_drive_that_is_said_to_have_lost_its_settings_has_braked_all_the_same(then: Goal) -> None:
    actuator = Actuator(X)
    actuator.pursue(STOP)
    first = actuator.wanted(moving_at(10.0), 10.0)
    assert first is not None
    actuator.acknowledged(first, 108, [], 10.0)
    actuator.forget()
    actuator.pursue(then)
    assert place_of(actuator.wanted(moving_at(10.05, 30.0), 10.3)) == pytest.approx(2.0125)


def test_a_stop_after_a_move_has_not_braked_yet() -> None:
    actuator = Actuator(X)
    actuator.pursue(STOP)
    first = actuator.wanted(moving_at(10.0), 10.0)
    assert first is not None
    actuator.acknowledged(first, 108, [], 10.0)
    actuator.pursue(Goal(GoalKind.KEEP))
    actuator.pursue(STOP)
    assert place_of(actuator.wanted(moving_at(19.9), 20.0)) == pytest.approx(2.0 + 0.1 + 0.05)


@pytest.mark.parametrize("speed_rpm", [140.0, -140.0, 3.2e6])
def test_a_speed_that_the_motor_cannot_have_tells_no_place_and_the_drive_is_switched_off(
    speed_rpm: float,
) -> None:
    fastest_rpm = fastest_reading_rpm(X)
    assert 66.0 < fastest_rpm < 140.0  # that of the nameplate, and what no drive shows
    actuator = Actuator(X)
    actuator.pursue(STOP)
    motion = Motion(2.0, speed_rpm, 600.0, fastest_rpm=fastest_rpm)
    wanted = actuator.wanted(Seen(DriveCondition.OPERATION_ENABLED, False, True, 10.0, motion=motion), 10.0)
    assert wanted is not None
    assert encode_exchange(X, wanted.exchange, dict(wanted.values)) == (TORQUE, [0])


def test_a_reading_that_cannot_follow_from_those_before_is_no_place_to_stop_from() -> None:
    """An old answer comes again within its time: by it the axis would be sent back to where it was."""
    track = Track(120.0)  # 2 rev/s
    for position_rev, at_s in ((1.0, 10.0), (1.02, 10.015), (1.05, 10.03)):
        track.take(position_rev, at_s)
        assert track.is_believed
    track.take(0.6, 10.045)
    assert not track.is_believed
    track.take(1.1, 10.06)
    assert track.is_believed, "it follows from what was believed"
    track.take(0.6, 10.075)
    track.take(0.62, 10.09)
    assert track.is_believed, "two that follow from each other: it was moved, or counts anew"
    track.take(3.0, 11.3)
    assert track.is_believed, "nothing was read for a while"


def test_a_stop_that_shows_no_effect_gets_a_new_place_from_a_new_reading() -> None:
    actuator = Actuator(X)
    actuator.pursue(STOP)
    first = actuator.wanted(moving_at(10.0), 10.0)
    assert first is not None
    actuator.acknowledged(first, 108, [], 10.0)
    assert actuator.wanted(moving_at(10.2), 10.2) is None
    assert place_of(actuator.wanted(moving_at(10.3, 0.6), 10.3)) == pytest.approx(2.0, abs=1e-3)


def test_what_stands_is_not_sent_to_the_place_where_it_is_believed_to_stand() -> None:
    """An old answer that comes again says that it stands, and where it stood before its newest motion."""
    at_rest = Seen(DriveCondition.OPERATION_ENABLED, True, True, 10.2, motion=Motion(2.0, 0.0, 600.0))
    told = Actuator(X)
    told.pursue(Goal(GoalKind.MOVE, tuple((s, 1.0) for s in Source), target_m=0.3))
    setpoint = told.wanted(at_rest, 10.2)
    assert setpoint is not None
    told.acknowledged(setpoint, 116, [], 10.2)
    told.pursue(STOP)
    too_old = replace(at_rest, measured_at_s=10.25)
    assert place_of(told.wanted(too_old, 10.25)) == 2.0, "it may be from before the motion began"
    for goal in (STOP, HOLD):
        told.pursue(goal)
        assert told.wanted(replace(at_rest, measured_at_s=10.4), 10.4) is None
        moving = told.wanted(moving_at(10.5), 10.5)
        assert moving is not None
        assert encode_exchange(X, moving.exchange, dict(moving.values)) == (TORQUE, [0]), "no motion of ours"
    told.pursue(OFF)
    off = told.wanted(replace(at_rest, measured_at_s=10.4), 10.4)
    assert off is not None
    assert encode_exchange(X, off.exchange, dict(off.values)) == (TORQUE, [0])


def test_without_a_reading_of_now_a_drive_without_a_ramp_is_switched_off() -> None:
    for seen in (moving_at(10.0), replace(moving_at(10.6), motion=None)):
        actuator = Actuator(X)
        actuator.pursue(STOP)
        wanted = actuator.wanted(seen, 10.6)
        assert wanted is not None
        assert wanted.exchange == X.stops[StopCategory.REMOVE_POWER].ramp[0]


# Steps on the way of an arming


def test_a_step_on_the_way_is_read_back_at_once_and_not_looked_at_later() -> None:
    arming = Arming(X, 1, {Source.WATCHDOG_TIMEOUT: 0.22})
    table = {11: 4, 10: 0, 68: 2, WATCHDOG: 255, TORQUE: 1}
    written: list[tuple[int, tuple[int, ...]]] = []
    while (job := arming.job()) is not None:
        request = job.request
        if isinstance(request, ReadRegisters):
            assert request.count == 1
            assert arming.brought([table[request.address]])
        else:
            assert isinstance(request, WriteRegisters)
            written.append((request.address, request.values))
            table[request.address] = request.values[0]
            arming.took()
    assert written == [(TORQUE, (0,)), (WATCHDOG, (0,)), (WATCHDOG, (11,))]
    assert {arming.audit_request(n) for n in range(4)} == {ReadRegisters(1, WATCHDOG, 1)}
    assert arming.audit_holds(0, [11])
    assert not arming.audit_holds(0, [255])


# What a profile of such a drive may not say


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("address: 64, bytes: 1,", "address: 64,", "fields.control: dynamixel counts in bytes"),
        (
            "word_order: low_first",
            "word_order: high_first",
            "dynamixel has bytes, the lowest first",
        ),
        (
            "{max_read",
            "{codes: [3], max_read",
            "dynamixel has bytes, the lowest first, and no",
        ),
        (
            "bytes: 0, access: w",
            "bytes: 0, access: rw",
            "without content it is a command",
        ),
        (
            "      - write:\n          - {field: profile_acceleration, source: acceleration}\n",
            "      - {write: [{field: control, value: 1}]}\n"
            "      - write:\n          - {field: profile_acceleration, source: acceleration}\n",
            "stops.1: a stop at a place is one request",
        ),
        ("protocol: dynamixel", "protocol: modbus_rtu", "fields.control: modbus_rtu counts in words"),
    ],
)
def test_what_contradicts_the_protocol_is_refused(tmp_path: Path, old: str, new: str, text: str) -> None:
    source = (DRIVES / "robotis_dynamixel_x.yaml").read_text()
    assert old in source
    path = tmp_path / "robotis_dynamixel_x.yaml"
    path.write_text(source.replace(old, new))
    with pytest.raises(ProfileError) as refused:
        load_profile(path)
    assert text in str(refused.value)


def test_every_request_of_every_profile_can_be_said_in_its_protocol() -> None:
    values = dict.fromkeys(Source, 1.0)
    for path in sorted(DRIVES.glob("*.yaml")):
        profile = load_profile(path)
        codec = CODECS[profile.protocol]
        blocks = [read_request(profile, 1, block) for block in (profile.reads.fast, *profile.reads.slow)]
        compared = [read_back_request(profile, 1, (test.field,)) for test in profile.identity]
        for request in [*blocks, *compared]:
            assert len(codec.encode(request)) <= codec.request_length(request)
        for where, exchange in exchanges_of(profile):
            given = {s: 300.0 if s is Source.ACCELERATION else v for s, v in values.items()}
            request = write_request(profile, 1, exchange, given)
            assert len(codec.encode(request)) <= codec.request_length(request), where
