"""Engineering values to words and back, for every field of every profile."""

from math import inf, nan
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cell_controller.drives.errors import BlockLengthError, FieldRangeError, MissingSourceError
from cell_controller.drives.profile import (
    DriveProfile,
    ProfileField,
    Quantity,
    Source,
    StopCategory,
    Verb,
    decode_block,
    decode_field,
    encode_exchange,
    encode_field,
    load_profile,
    to_raw,
    value_limits,
)

DRIVES = Path(__file__).parents[3] / "config" / "drives"
FIELDS = [
    (profile, quantity)
    for profile in (load_profile(path) for path in sorted(DRIVES.glob("*.yaml")))
    for quantity, field in profile.fields.items()
    if field.bits
]


def step(field: ProfileField, value: float) -> float:
    """How far apart two neighbouring counts are at this value."""
    if field.ramp_span is None:
        return field.scale
    return value * value * field.scale / field.ramp_span + 1e-9


@given(st.sampled_from(FIELDS), st.floats(0, 1))
def test_a_value_survives_the_way_to_the_drive_and_back(
    which: tuple[DriveProfile, Quantity], share: float
) -> None:
    profile, quantity = which
    field = profile.field(quantity)
    low, high = value_limits(field)
    value = low + share * (high - low)
    if field.ramp_span is not None:
        value = min(value, 0.1 * high)  # counts are coarse near the shortest time
    words = encode_field(profile, quantity, value)
    assert len(words) == field.end - field.address
    assert all(0 <= word <= (0xFFFF if field.bytes is None else 0xFF) for word in words)
    back = decode_field(profile, quantity, to_raw(profile, field, words))
    assert back == pytest.approx(value, abs=step(field, value), rel=1e-9)


@given(st.sampled_from(FIELDS), st.sampled_from([nan, inf, -inf, 1e12, -1e12]))
def test_a_value_that_does_not_fit_names_field_value_and_limits(
    which: tuple[DriveProfile, Quantity], value: float
) -> None:
    profile, quantity = which
    with pytest.raises(FieldRangeError) as caught:
        encode_field(profile, quantity, value)
    low, high = value_limits(profile.field(quantity))
    assert (caught.value.low, caught.value.high) == (low, high)
    assert f"{profile.name}.{quantity} = " in str(caught.value)


def test_bytes_stand_lowest_first_and_a_command_has_none() -> None:
    dynamixel = load_profile(DRIVES / "robotis_dynamixel_x.yaml")
    assert encode_field(dynamixel, Quantity.TARGET_POSITION, -1 / 4096) == [0xFF, 0xFF, 0xFF, 0xFF]
    assert encode_field(dynamixel, Quantity.TARGET_POSITION, 513 / 4096) == [0x01, 0x02, 0, 0]
    reboot = dynamixel.fault_reset[0]
    assert encode_exchange(dynamixel, reboot, {}) == (0xFF08, [])


def test_a_stop_behind_the_end_of_the_range_is_one_at_its_end() -> None:
    dynamixel = load_profile(DRIVES / "robotis_dynamixel_x.yaml")
    stop = dynamixel.stops[StopCategory.CONTROLLED].ramp[0]
    values = {Source.ACCELERATION: 100.0, Source.TARGET_SPEED: 10.0, Source.STOP_POSITION: 260.0}
    _, at_the_end = encode_exchange(dynamixel, stop, values)
    assert at_the_end[8:] == list((256 * 4096).to_bytes(4, "little"))


def test_the_low_word_comes_first_in_an_asda(asda: DriveProfile) -> None:
    assert encode_field(asda, Quantity.TARGET_POSITION, 1.0) == [0x86A0, 0x0001]  # 100000
    assert encode_field(asda, Quantity.TARGET_POSITION, -0.00001) == [0xFFFF, 0xFFFF]


def test_the_high_word_comes_first_where_the_profile_says_so(asda: DriveProfile) -> None:
    other = asda.model_copy(update={"word_order": "high_first"})
    assert encode_field(other, Quantity.TARGET_POSITION, 1.0) == [0x0001, 0x86A0]


def test_sixty_hertz_is_6000_counts(inverter: DriveProfile) -> None:
    assert encode_field(inverter, Quantity.TARGET_SPEED, 60.0) == [6000]
    assert decode_field(inverter, Quantity.TARGET_SPEED, 6000) == pytest.approx(60.0)


def test_an_acceleration_kept_as_a_time_is_converted(asda: DriveProfile, inverter: DriveProfile) -> None:
    assert encode_field(asda, Quantity.PROFILE_ACCELERATION, 12000.0) == [250, 0]  # 3000 rpm in 0.25 s
    assert encode_field(inverter, Quantity.PROFILE_ACCELERATION, 100.0) == [60]  # 60 Hz in 0.6 s
    assert decode_field(inverter, Quantity.PROFILE_ACCELERATION, 60) == pytest.approx(100.0)
    with pytest.raises(FieldRangeError):
        encode_field(asda, Quantity.PROFILE_ACCELERATION, 0.0)


def test_a_block_is_decoded_with_signs_from_the_status(inverter: DriveProfile) -> None:
    words = [0, 0x0503 | 0x18, 6000, 5990, 1234, *[7] * 6, 0xFFF6, 1740, 7, 7, 2200]
    values = decode_block(inverter, inverter.reads.fast, words)
    assert values[Quantity.SPEED] == pytest.approx(-59.9)
    assert values[Quantity.SHAFT_SPEED] == -1740
    assert values[Quantity.CURRENT] == pytest.approx(12.34)
    assert values[Quantity.TORQUE] == pytest.approx(-1.0)
    words[1] = 0x0503
    assert decode_block(inverter, inverter.reads.fast, words)[Quantity.SPEED] == pytest.approx(59.9)


def test_words_between_the_fields_of_a_block_are_skipped(inverter: DriveProfile) -> None:
    words = [0, 0x0503, 6000, 5990, 1234, *[7] * 6, 0xFFF6, 1740, 7, 7, 2200]
    values = decode_block(inverter, inverter.reads.fast, words)
    assert set(values) == set(inverter.reads.fast.fields)
    assert values[Quantity.POWER] == 2200


def test_a_block_of_another_length_is_refused(servo: DriveProfile) -> None:
    with pytest.raises(BlockLengthError) as caught:
        decode_block(servo, servo.reads.fast, [0] * 6)
    assert (caught.value.words, caught.value.expected) == (6, 7)


def test_a_block_of_a_servo_is_decoded(servo: DriveProfile) -> None:
    words = [0x0637, 0, 0x0000, 0xFFFF, 0x3880, 0x0001, 0xFF9C]
    values = decode_block(servo, servo.reads.fast, words)
    assert values[Quantity.POSITION] == pytest.approx(-0.5)  # -65536 of 131072
    assert values[Quantity.SPEED] == pytest.approx(800.0)
    assert values[Quantity.TORQUE] == pytest.approx(-10.0)


def test_an_exchange_is_one_run_of_words(servo: DriveProfile) -> None:
    exchange = servo.setpoints[Verb.VELOCITY][0]
    given_values = {Source.TARGET_SPEED: -1.0, Source.TORQUE_LIMIT: 100.0, Source.ACCELERATION: 6000.0}
    address, words = encode_exchange(servo, exchange, given_values)
    assert address == 0x5000
    assert words == [0x000F, 3, 0xFF9C, 0xFFFF, 1000, 6000, 0]


@pytest.mark.parametrize(("speed_hz", "word"), [(20.0, 0x0012), (-20.0, 0x0022), (0.0, 0x0001)])
def test_the_run_command_follows_the_sign_of_the_speed(
    inverter: DriveProfile, speed_hz: float, word: int
) -> None:
    setpoint, command = inverter.setpoints[Verb.VELOCITY]
    assert encode_exchange(inverter, setpoint, {Source.TARGET_SPEED: speed_hz}) == (
        0x2001,
        [round(abs(speed_hz) * 100)],
    )
    assert encode_exchange(inverter, command, {Source.TARGET_SPEED: speed_hz}) == (0x2000, [word])


def test_a_sequence_without_its_value_is_refused(inverter: DriveProfile) -> None:
    with pytest.raises(MissingSourceError, match="needs a value for target_speed"):
        encode_exchange(inverter, inverter.setpoints[Verb.VELOCITY][0], {})
