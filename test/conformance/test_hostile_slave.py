"""A short run of `make fuzz`, and proof that it would notice: bus or codec, made worse on purpose."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from cell_controller.drives import device
from cell_controller.drives.actuation import Actuator
from cell_controller.drives.bus import DriveBus
from cell_controller.drives.motion import Motion
from cell_controller.drives.profile import Protocol
from cell_controller.drives.protocols import dynamixel, ezi_servo, modbus
from cell_controller.drives.transaction import HalfDuplex
from fuzz import oracle
from fuzz.dynamixel import closed as packet_of
from fuzz.hostile import HONEST, Trick
from fuzz.oracle import closed, fault_of
from fuzz.parts import Parts
from fuzz.tongues import TONGUES
from fuzz.trial import Counts, FuzzError, Trial, run_trial

SEED = 9
TRIAL_S = 8.0
OLD_READING = "1:217"  # one in which readings were lost while a drive braked
FORGED_SETTING = "1:354"  # and one in which it seemed to have lost its settings then
OLD_ANSWER = "8:548"  # and one in which an answer from before the motion came again when it stood
FORGED_SPEED = "1:37"  # the trial in which a drive made one up
MOST_TRIALS = 40

READ = bytes.fromhex("0103210200026FF7")  # with its answer, as printed in the C2000 manual
READ_ANSWER = bytes.fromhex("010304177000 00FE5C".replace(" ", ""))


def finds(words: str, protocol: Protocol) -> bool:
    """Some trial in this protocol says so."""
    trials = (Trial(f"{SEED}:{number}") for number in range(MOST_TRIALS))
    for trial in trials:
        if trial.protocol is not protocol:
            continue
        try:
            trial.run(TRIAL_S)
        except FuzzError as error:
            if words in str(error):
                return True
    return False


def test_a_bus_withstands_a_slave_that_answers_everything_but_right() -> None:
    total = Counts()
    protocols: Counter[str] = Counter()
    for number in range(8):
        counts = Trial(f"{SEED}:{number}").run(TRIAL_S)
        protocols[counts.protocol] += counts.exchanges
        total.add(counts)
    assert set(protocols) == set(Protocol)
    assert total.exchanges > 1000
    assert set(total.tricks) >= set(HONEST) - {Trick.NONE}
    assert total.believed["own"] > total.exchanges / 4
    assert total.refused > 0
    assert total.moves > 0  # drives that were permitted to move did
    assert total.stops > 6


def test_the_command_counts_trials_of_several_processes() -> None:
    command = [sys.executable, "-m", "fuzz", "--exchanges", "2000", "--seed", "3", "--jobs", "2"]
    ended = subprocess.run(
        command, cwd=Path(__file__).parents[1], capture_output=True, text=True, timeout=120
    )
    assert ended.returncode == 0, ended.stderr
    summary = json.loads(ended.stdout.splitlines()[-1])
    assert summary["exchanges"] >= 2000
    assert summary["stops_watched"] > 0
    apart = [counts["exchanges"] for counts in summary["protocols"].values()]
    assert sum(apart) == summary["exchanges"]
    assert set(summary["protocols"]) <= set(Protocol)


def no_crc(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(modbus, "has_good_crc", lambda frame: len(frame) > 4)


def no_packet_crc(patch: pytest.MonkeyPatch) -> None:
    """The CRC of whatever is there."""
    parse = dynamixel.DynamixelCodec.parse

    def parse_mended(codec: dynamixel.DynamixelCodec, request: modbus.Request, frame: bytes) -> modbus.Reply:
        return parse(codec, request, frame[:-2] + dynamixel.crc16(frame[:-2]).to_bytes(2, "little"))

    patch.setattr(dynamixel.DynamixelCodec, "parse", parse_mended)


def any_slave(patch: pytest.MonkeyPatch) -> None:
    parse = ezi_servo.EziServoCodec.parse
    tongue = TONGUES[Protocol.EZI_SERVO]

    def parse_as_ours(codec: ezi_servo.EziServoCodec, request: modbus.Request, frame: bytes) -> modbus.Reply:
        try:
            parts = tongue.split(frame)
        except IndexError:
            return parse(codec, request, frame)
        return parse(codec, request, tongue.join(replace(parts, unit=request.unit)))

    patch.setattr(ezi_servo.EziServoCodec, "parse", parse_as_ours)


def any_speed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(device, "fastest_reading_rpm", lambda profile: inf)


def any_unit(patch: pytest.MonkeyPatch) -> None:
    parse = modbus.parse_reply

    def parse_as_ours(request: modbus.Request, frame: bytes) -> modbus.Reply:
        is_whole = len(frame) > 3 and modbus.has_good_crc(frame)
        return parse(request, modbus.with_crc(bytes((request.unit,)) + frame[1:-2]) if is_whole else frame)

    patch.setattr(modbus, "parse_reply", parse_as_ours)


def no_stop(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(DriveBus, "_watch_permit", lambda *_: None)


def patience(patch: pytest.MonkeyPatch) -> None:
    start = HalfDuplex.start

    def wait_longer(line: HalfDuplex, request: modbus.Request, *args: object) -> bytes:
        timing, now_s, within_s = args
        return start(line, request, timing, now_s, 5.0 * within_s)  # type: ignore[arg-type, operator]

    patch.setattr(HalfDuplex, "start", wait_longer)


@pytest.mark.parametrize(
    ("worse", "words", "protocol"),
    [
        (no_crc, "wrong CRC", Protocol.MODBUS_RTU),
        (no_packet_crc, "wrong CRC", Protocol.DYNAMIXEL),
        (any_slave, "from unit", Protocol.EZI_SERVO),
        (any_unit, "from unit", Protocol.MODBUS_RTU),
        (no_stop, "still moves", Protocol.MODBUS_RTU),
        (patience, "believed an answer that began at", Protocol.DYNAMIXEL),
    ],
)
def test_a_bus_made_worse_is_found(
    worse: Callable[[pytest.MonkeyPatch], None],
    words: str,
    protocol: Protocol,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worse(monkeypatch)
    assert finds(words, protocol)


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (READ_ANSWER, ""),
        (closed(b"\x01\x83\x02"), ""),
        (READ_ANSWER[:-1] + b"\x00", "wrong CRC"),
        (closed(b"\x02" + READ_ANSWER[1:-2]), "from unit 2"),
        (closed(b"\x01\x04" + READ_ANSWER[2:-2]), "function 4"),
        (closed(b"\x01\x03\x02\x17\x70"), "2 bytes of data"),
        (closed(b"\x01\x83\x02\x00"), "an exception has 5 bytes"),
        (READ_ANSWER + b"\x00", "4 bytes of data in 10"),
    ],
)
def test_the_oracle_knows_an_answer(frame: bytes, words: str) -> None:
    assert words in fault_of(READ, frame) if words else fault_of(READ, frame) == ""


PING_PACKET = bytes.fromhex("FFFFFD000107005500060426655D")  # of the e-manual
READ_PACKET = bytes.fromhex("FFFFFD0001070002840004001D15")
STATUS_PACKET = packet_of(1, b"\x55\x00\xa6\x00\x00\x00")
EZI_STOP = bytes.fromhex("AACC0131C1F4AAEE")  # of the manual
EZI_SERVO_ON = bytes.fromhex("AACC012A01FEA0AAEE")
EZI = TONGUES[Protocol.EZI_SERVO]
STOPPED = EZI.join(Parts(1, 0x31, 0, b""))


def test_the_oracles_make_the_check_sums_that_the_manuals_print() -> None:
    assert packet_of(1, PING_PACKET[7:-2]) == PING_PACKET
    assert packet_of(1, READ_PACKET[7:-2]) == READ_PACKET
    for frame in (EZI_STOP, EZI_SERVO_ON):
        assert oracle.crc_of(frame[2:-4]) == frame[-4:-2]


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (STATUS_PACKET, ""),
        (packet_of(1, b"\x55\x80\xa6\x00\x00\x00"), ""),  # with a hardware alert
        (packet_of(1, b"\x55\x07"), ""),  # refused
        (STATUS_PACKET[:-1] + b"\x00", "wrong CRC"),
        (packet_of(2, STATUS_PACKET[7:-2]), "from unit 2"),
        (packet_of(1, b"\x02" + STATUS_PACKET[8:-2]), "function 2"),
        (packet_of(1, b"\x55\x00\xa6\x00"), "2 bytes of data"),
        (packet_of(1, b"\x55\x00\xff\xff\xfd\x00"), "a header inside"),
        (packet_of(1, b"\x55\x00\xff\xff\xfd\xfd\x00"), ""),
        (STATUS_PACKET + b"\x00", "a length of 8 in 16 bytes"),
    ],
)
def test_the_oracle_of_dynamixel_knows_an_answer(frame: bytes, words: str) -> None:
    found = TONGUES[Protocol.DYNAMIXEL].fault_of(READ_PACKET, frame)
    assert words in found if words else found == ""


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (STOPPED, ""),
        (EZI.join(Parts(1, 0x31, 0x85, b"")), ""),  # refused
        (STOPPED[:4] + b"\x01" + STOPPED[5:], "wrong CRC"),
        (EZI.join(Parts(2, 0x31, 0, b"")), "from unit 2"),
        (EZI.join(Parts(1, 0x32, 0, b"")), "function 50"),
        (EZI.join(Parts(1, 0x31, 0, b"\xaa")), "1 bytes of data"),
        (STOPPED[:4] + b"\xaa\x00" + STOPPED[5:], "a lone AA"),
        (STOPPED + b"\x00", "bytes are no frame"),
    ],
)
def test_the_oracle_of_ezi_servo_knows_an_answer(frame: bytes, words: str) -> None:
    found = EZI.fault_of(EZI_STOP, frame)
    assert words in found if words else found == ""


@pytest.mark.parametrize("protocol", TONGUES)
def test_an_answer_taken_apart_and_joined_again_is_the_same(protocol: Protocol) -> None:
    stream, tongue = random.Random(3), TONGUES[protocol]
    for _ in range(300):
        content = bytes(stream.choice((0xAA, 0xFF, 0xFF, 0xFD, 0x01)) for _ in range(stream.randrange(1, 40)))
        parts = Parts(3, 0x43, 0, content)
        assert tongue.split(tongue.join(parts)) == parts


def test_a_forged_speed_that_no_motor_has_does_not_end_the_bus(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_trial(FORGED_SPEED).believed["forged"] > 0
    any_speed(monkeypatch)
    monkeypatch.setattr(Actuator, "_rests", lambda actuator, seen: False)
    assert run_trial(FORGED_SPEED).believed["forged"] > 0, "what no register holds is not told"
    monkeypatch.setattr("cell_controller.drives.device.DriveError", ZeroDivisionError)  # and is not caught
    with pytest.raises(FuzzError, match="FieldRangeError"):
        run_trial(FORGED_SPEED)


def test_a_stop_repeated_on_an_old_reading_does_not_move_what_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_trial(OLD_READING).moves > 0
    stop = Motion.stop
    monkeypatch.setattr(Actuator, "_rests", lambda actuator, seen: False)
    monkeypatch.setattr(Motion, "stop", lambda motion, age_s, braking_s: stop(motion, age_s))
    with pytest.raises(FuzzError, match="without a permit"):
        run_trial(OLD_READING)


def test_a_forged_setting_while_a_drive_brakes_does_not_move_it_on(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_trial(FORGED_SETTING).believed["forged"] > 0
    monkeypatch.setattr(Actuator, "_rests", lambda actuator, seen: False)
    monkeypatch.setattr(Actuator, "forget", forget_all)
    with pytest.raises(FuzzError, match="without a permit"):
        run_trial(FORGED_SETTING)


def test_an_old_answer_does_not_send_back_what_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_trial(OLD_ANSWER).moves > 0
    monkeypatch.setattr(Actuator, "_rests", lambda actuator, seen: False)
    with pytest.raises(FuzzError, match="without a permit"):
        run_trial(OLD_ANSWER)


def forget_all(actuator: Actuator) -> None:
    """As it was: the braking too."""
    actuator._known.clear()
    actuator._restart()
