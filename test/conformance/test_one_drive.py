"""What a profile must pass with one drive on a wire: every virtual one, or with --hil-port a real one.

First what only reads, then what arms (settings are written, nothing moves), then what moves.
"""

from __future__ import annotations

import pytest

from cell_controller.commissioning.backup import against_cell
from cell_controller.commissioning.identify import examine
from cell_controller.commissioning.jog import jog
from cell_controller.commissioning.reading import readable, settings
from cell_controller.commissioning.stop_proof import prove_stop
from cell_controller.config.values import DriveKind
from cell_controller.drives.goal import Goal, GoalKind
from cell_controller.drives.profile import Quantity
from cell_controller.drives.protocols import CODECS
from cell_controller.drives.requests import read_request
from cell_controller.messages import DriveCondition
from support.one_drive import OneDrive

READINGS = 50
NOISE = 0.05  # share of exchanges that may fail: a real line, and a master that has to share its processor
ADAPTER_S = 0.016  # an FTDI adapter keeps bytes so long
HELD_S = 3.0  # an inverter has reached its bench speed after one
ON = (DriveCondition.OPERATION_ENABLED, DriveCondition.QUICK_STOP_ACTIVE)


# Reading


def test_every_readable_field_answers(one_drive: OneDrive) -> None:
    values = tuple(one_drive.reader.each(readable(one_drive.profile)))
    assert {v.quantity: v.problem for v in values if v.raw is None} == {}
    assert {v.quantity for v in values} == set(readable(one_drive.profile))


def test_it_is_what_its_profile_says_and_set_as_it_must_be(one_drive: OneDrive) -> None:
    fit = examine(one_drive.reader)
    assert fit.is_possible, fit
    assert fit.against == ()


def test_reading_after_reading_comes_in_the_time_of_the_profile(one_drive: OneDrive) -> None:
    profile, speed = one_drive.profile, one_drive.speed
    master, codec = one_drive.master, CODECS[profile.protocol]
    request = read_request(profile, one_drive.unit, profile.reads.fast)
    reply_s = speed.frame_s(codec.reply_length(request))
    delays_s, errors = [], []
    for _ in range(READINGS):
        ended = master.ask(request, profile.timing)
        if ended.error is None:
            delays_s.append(one_drive.wire.now_s - ended.measured_at_s - reply_s)
        else:
            errors.append(ended.error)
    assert len(errors) <= NOISE * READINGS, errors
    assert sorted(delays_s)[len(delays_s) // 2] <= profile.timing.max_reply_delay_s + ADAPTER_S


def test_after_a_broken_frame_it_answers_the_next_good_one(one_drive: OneDrive) -> None:
    profile = one_drive.profile
    request = read_request(profile, one_drive.unit, profile.reads.fast)
    frame = CODECS[profile.protocol].encode(request)
    for broken in (frame[:-2], bytes((*frame[:-1], frame[-1] ^ 0x55)), frame[1:]):
        one_drive.rest(profile.timing.gap_s + 0.01)
        one_drive.wire.write(broken)
        one_drive.rest(profile.timing.timeout_s + ADAPTER_S)
        values = one_drive.reader.fast()
        assert all(v.raw is not None for v in values), (broken.hex(" "), values[0].problem)


# Arming


def test_it_is_armed_and_stands_switched_off(one_drive: OneDrive) -> None:
    device = one_drive.armed().device
    assert device.is_armed
    assert device.is_standing
    assert device.is_module or device.condition not in ON


def test_what_was_armed_is_read_back_by_somebody_else(one_drive: OneDrive) -> None:
    one_drive.armed()
    reader = one_drive.reader
    values = tuple(reader.each(settings(one_drive.profile)))
    assert against_cell(one_drive.profile, values, one_drive.armed_values) == ()
    assert not reader.shows_something_else()


def test_its_watchdog_is_what_the_line_needs(guarded_drive: OneDrive) -> None:
    guarded_drive.armed()
    read_back = guarded_drive.reader.field(Quantity.WATCHDOG_TIMEOUT)
    assert read_back.value == pytest.approx(guarded_drive.watchdog_s)


# Motion


@pytest.mark.parametrize("sign", [1.0, -1.0], ids=["forward", "back"])
def test_it_turns_while_the_button_is_held_and_stands_after(turning_drive: OneDrive, sign: float) -> None:
    drive = turning_drive
    session, limits = drive.session(), drive.limits
    speeds: list[float] = []
    began_s: list[float] = []

    def is_held() -> bool:
        began_s.append(drive.wire.now_s)
        speeds.append(sign * session.speed)
        return began_s[-1] - began_s[0] < HELD_S

    done = jog(session, sign * limits.speed, limits, is_held)
    assert done.stands
    assert sign * done.let_go_speed == pytest.approx(limits.speed, rel=0.15)
    assert max(speeds) <= 1.3 * limits.speed
    counted = session.device.statistics
    assert counted.errors <= NOISE * counted.transactions
    if drive.profile.kind is DriveKind.AXIS:
        assert sign * (done.ended_m - done.began_m) > 0.5 * HELD_S * limits.speed


def test_it_stops_by_itself_when_nobody_speaks_any_more(turning_drive: OneDrive) -> None:
    drive = turning_drive
    watchdog_s = drive.watchdog_s
    assert watchdog_s is not None
    said: list[str] = []
    proof = prove_stop(
        drive.wire, drive.speed, drive.make_device, drive.limits, watchdog_s, said.append, lambda: False
    )
    assert proof.measured.in_time, proof.measured.detail
    assert not [text for text in said if "by hand" in text]


def test_every_output_of_a_module_goes_on_and_off_and_opens_in_silence(module: OneDrive) -> None:
    session = module.armed()
    device, count = session.device, module.profile.nameplate.digital_outputs
    every = (1 << count) - 1
    for wanted in (*(1 << n for n in range(count)), 0, every):
        device.pursue(Goal(GoalKind.OUTPUTS, outputs=wanted, outputs_mask=every))
        assert session.run(lambda wanted=wanted: device.image.outputs == wanted, 2.0), wanted
    assert module.watchdog_s is not None
    module.rest(2.0 * module.watchdog_s + 0.1)
    after = {v.quantity: v.raw for v in module.reader.fast()}
    assert after[Quantity.DIGITAL_OUTPUTS] == 0
