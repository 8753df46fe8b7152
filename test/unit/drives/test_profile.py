"""Profiles: the shipped ones are usable, a wrong one says everything that is wrong with it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from cell_controller.drives.errors import ProfileError, UnknownFieldError
from cell_controller.drives.profile import (
    DriveCondition,
    DriveProfile,
    Memory,
    Quantity,
    StopCategory,
    Verb,
    Verified,
    load_profile,
)
from cell_controller.drives.profile.checks import exchanges_of

DRIVES = Path(__file__).parents[3] / "config" / "drives"
NAMES = sorted(path.stem for path in DRIVES.glob("*.yaml"))


def broken(tmp_path: Path, name: str, change: Callable[[Any], None]) -> str:
    """What loading says after `change` has been made to a copy of a profile."""
    yaml = YAML(typ="safe", pure=True)
    data = yaml.load((DRIVES / f"{name}.yaml").read_text())
    change(data)
    path = tmp_path / f"{name}.yaml"
    with path.open("w") as stream:
        yaml.dump(data, stream)
    with pytest.raises(ProfileError) as caught:
        load_profile(path)
    assert caught.value.problems
    return str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_a_shipped_profile_loads(name: str) -> None:
    assert load_profile(DRIVES / f"{name}.yaml").name == name


@pytest.mark.parametrize("name", NAMES)
def test_every_watchdog_is_armed_to_a_safe_action_and_who_has_none_has_a_wired_enable(name: str) -> None:
    profile = load_profile(DRIVES / f"{name}.yaml")
    if not profile.watchdog.exists:
        assert profile.watchdog.enable
        return
    assert profile.watchdog.action != 0
    kept = {w.field for e in profile.arming if e.is_kept for w in e.write}
    assert Quantity.WATCHDOG_TIMEOUT in kept
    assert (Quantity.WATCHDOG_ACTION in kept) is (profile.watchdog.action is not None)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_cyclic_wears_an_eeprom(name: str) -> None:
    profile = load_profile(DRIVES / f"{name}.yaml")
    for where, exchange in exchanges_of(profile):
        for write in exchange.write:
            assert where == "arming" or profile.field(write.field).memory is Memory.VOLATILE


def test_the_profiles_take_the_setpoints_that_the_cell_needs(profiles: dict[str, DriveProfile]) -> None:
    verbs = {name: set(p.setpoints) for name, p in profiles.items()}
    assert verbs["delta_asda_a3"] == {Verb.PROFILE_MOVE}
    assert verbs["fast_modbus_servo"] == {Verb.VELOCITY, Verb.PROFILE_MOVE, Verb.TORQUE_LIMIT}
    assert verbs["delta_c2000"] == {Verb.VELOCITY}
    assert verbs["remote_io"] == {Verb.OUTPUTS}


def test_the_setpoint_is_written_before_the_run_command(asda: DriveProfile, inverter: DriveProfile) -> None:
    last = asda.setpoints[Verb.PROFILE_MOVE][-1]
    assert [w.field for w in last.write] == [Quantity.MOVE_TRIGGER]
    order = [w.field for e in inverter.setpoints[Verb.VELOCITY] for w in e.write]
    assert order == [Quantity.TARGET_SPEED, Quantity.CONTROL]


def test_the_ram_only_switch_is_the_first_thing_written_to_an_asda(asda: DriveProfile) -> None:
    assert [w.field for w in asda.arming[0].write] == [Quantity.WRITE_MODE]
    assert asda.arming[0].write[0].value == 5


def test_what_is_known_from_memory_is_listed(asda: DriveProfile) -> None:
    assert Quantity.TARGET_POSITION in asda.unverified()
    assert Quantity.POSITION not in asda.unverified()
    assert all(asda.field(q).verified is Verified.MEMORY for q in asda.unverified())


@pytest.mark.parametrize(
    ("status", "condition"),
    [
        (0x0240, DriveCondition.SWITCH_ON_DISABLED),
        (0x0231, DriveCondition.READY_TO_SWITCH_ON),
        (0x0233, DriveCondition.SWITCHED_ON),
        (0x1637, DriveCondition.OPERATION_ENABLED),
        (0x0217, DriveCondition.QUICK_STOP_ACTIVE),
        (0x0218, DriveCondition.FAULT),
        (0x021F, DriveCondition.FAULT),
        (0x0200, DriveCondition.NOT_READY),
    ],
)
def test_status_words_of_cia_402_map_to_its_states(
    servo: DriveProfile, status: int, condition: DriveCondition
) -> None:
    assert servo.condition({Quantity.STATUS_WORD: status}) is condition


@pytest.mark.parametrize(
    ("fault", "status", "condition"),
    [
        (0, 0x0500, DriveCondition.SWITCHED_ON),
        (0, 0x0503, DriveCondition.OPERATION_ENABLED),
        (0, 0x0501, DriveCondition.OPERATION_ENABLED),  # still ramping down
        (58, 0x0500, DriveCondition.FAULT),
        (0x0100, 0x0500, DriveCondition.SWITCHED_ON),  # a warning is no fault
    ],
)
def test_an_inverter_maps_to_the_same_states(
    inverter: DriveProfile, fault: int, status: int, condition: DriveCondition
) -> None:
    raw = {Quantity.FAULT_CODE: fault, Quantity.STATUS_WORD: status}
    assert inverter.condition(raw) is condition


def test_a_fault_has_words_and_a_remedy_also_when_it_is_unknown(inverter: DriveProfile) -> None:
    assert "CE10" in inverter.fault(58).text
    assert inverter.fault(58).remedy
    assert inverter.fault(999).text == "fault 999"
    assert inverter.manual in inverter.fault(999).remedy


def test_every_axis_and_spindle_has_all_three_stop_categories(profiles: dict[str, DriveProfile]) -> None:
    for profile in profiles.values():
        assert set(profile.stops) == (set() if profile.kind == "io" else set(StopCategory))


def test_asking_for_a_register_that_a_drive_has_not_names_both(inverter: DriveProfile) -> None:
    with pytest.raises(UnknownFieldError, match="delta_c2000 has no field position"):
        inverter.field(Quantity.POSITION)


def test_an_asda_b3_speaks_as_an_asda_a3(profiles: dict[str, DriveProfile]) -> None:
    own = {"name", "family", "manual", "nameplate", "faults"}
    a3, b3 = (profiles[name].model_dump(exclude=own) for name in ("delta_asda_a3", "delta_asda_b3"))
    assert a3 == b3
    assert profiles["delta_asda_b3"].faults.items() < profiles["delta_asda_a3"].faults.items()


def test_an_address_counted_from_one_is_moved_to_the_wire(profiles: dict[str, DriveProfile]) -> None:
    s100 = profiles["ls_s100"]
    assert s100.field(Quantity.CONTROL).address == 0x0005
    assert s100.field(Quantity.WATCHDOG_ACTION).address == 0x1B0B


def drop(*path: str) -> Callable[[Any], None]:
    def change(data: Any) -> None:
        for key in path[:-1]:
            data = data[key]
        del data[path[-1]]

    return change


def put(value: object, *path: str | int) -> Callable[[Any], None]:
    def change(data: Any) -> None:
        for key in path[:-1]:
            data = data[key]
        data[path[-1]] = value

    return change


CONTROL_WRITE = {"write": [{"field": "control", "value": 1}]}


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("delta_asda_a3", put(1, "torque_constant"), "torque_constant: Extra inputs are not permitted"),
        ("delta_asda_a3", drop("fields", "position", "verified"), "fields.position.verified: Field required"),
        ("delta_asda_a3", drop("fields", "speed"), "reads: no field speed"),
        ("delta_asda_a3", put(9, "functions", "max_read_words"), "10 words, the drive allows 9"),
        ("delta_asda_a3", put([3, 6], "functions", "codes"), "no function of the drive writes 2 words"),
        ("delta_asda_a3", put(0, "watchdog", "action"), "watchdog_action is not written as 0"),
        ("delta_asda_a3", drop("stops", 2), "stops: category 2 is missing"),  # type: ignore[arg-type]
        ("delta_asda_a3", put(0.0, "fields", "speed", "scale"), "fields.speed.scale"),
        ("delta_asda_a3", put("r", "fields", "write_mode", "access"), "write_mode is read only"),
        ("delta_c2000", put("eeprom", "fields", "control", "memory"), "control wears the EEPROM"),
        ("delta_c2000", put("r", "fields", "control", "access"), "control is read only"),
        ("delta_c2000", put(2, "fields", "status_word", "scale"), "a raw value has no scale"),
        ("delta_c2000", put(True, "fields", "speed", "signed"), "needs no negative_when"),
        ("delta_c2000", put([CONTROL_WRITE], "arming"), "control cannot be read back"),
        ("delta_c2000", put(0x2105, "fields", "speed", "address"), "current is not behind speed"),
        ("delta_c2000", put("FAULTY", "states", 0, "condition"), "states.0.condition"),
        ("delta_c2000", put(0, "hold_category"), "category 0 does not hold"),
        (
            "ls_s100",
            put("rpm", "fields", "target_speed", "unit"),
            "must be in hz for kind spindle",
        ),
        ("delta_asda_a3", put("a", "fields", "torque", "unit"), "fields.torque: must be in percent"),
        ("ls_s100", put(-20, "address_offset"), "fields.target_speed.address"),
        ("ls_s100", put("one", "address_offset"), "address_offset: 'one' is not a whole number"),
        ("ls_s100", put("maximum", "fields", "control", "address"), "fields.control.address"),
        ("ls_s100", put("torque", "braking", 0, "field"), "braking: torque is not in the fast block"),
        ("fast_modbus_servo", put([3, 6, 16], "functions", "codes"), "with_read needs function 23"),
        ("remote_io_coils", put(25, "functions", "max_read_coils"), "26 coils, the drive allows 25"),
        ("remote_io_coils", put(7, "functions", "max_write_coils"), "8 coils, the drive allows 7"),
        (
            "remote_io_coils",
            put([1, 2, 3, 5, 6], "functions", "codes"),
            "no function of the drive writes 8 coils",
        ),
        ("remote_io_coils", put([2, 3, 5, 6, 15], "functions", "codes"), "read back by function 1"),
        ("remote_io_coils", put(3, "reads", "fast", "function"), "1 and 2 read coils, 3 and 4 registers"),
        ("remote_io_coils", put(None, "fields", "status_word", "coils"), "and none reads both"),
        ("remote_io_coils", put(True, "fields", "digital_inputs", "signed"), "coils are raw, without a sign"),
        ("remote_io_coils", put(True, "setpoints", "outputs", 0, "with_read"), "with_read needs function 23"),
        ("robotis_dynamixel_x", put(8, "fields", "control", "coils"), "dynamixel counts in bytes"),
        (
            "fast_modbus_servo",
            put(0x5020, "fields", "mode", "address"),
            "mode does not follow control directly",
        ),
        ("fast_modbus_servo", put(0xFFFF, "fields", "position", "address"), "leave the address space"),
        ("fast_modbus_servo", put("other", "name"), "other is not the name of the file"),
        ("remote_io", put(0, "nameplate", "digital_outputs"), "digital_outputs is 0"),
        ("remote_io", put(0.001, "watchdog", "max_s"), "max_s is below min_s"),
    ],
)
def test_a_wrong_profile_is_refused_with_the_reason(
    tmp_path: Path, name: str, change: Callable[[Any], None], message: str
) -> None:
    assert message in broken(tmp_path, name, change)


def test_all_contradictions_are_reported_at_once(tmp_path: Path) -> None:
    def change(data: Any) -> None:
        data["functions"]["max_read_words"] = 2
        data["hold_category"] = 0
        data["watchdog"]["max_s"] = 0.5

    message = broken(tmp_path, "delta_asda_a3", change)
    assert "allows 2" in message
    assert "category 0" in message
    assert "max_s is below min_s" in message


def test_a_missing_or_unreadable_file_is_a_profile_error(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="cannot be read"):
        load_profile(tmp_path / "nothing.yaml")
    (tmp_path / "bad.yaml").write_text("a: [1")
    with pytest.raises(ProfileError, match="is not YAML"):
        load_profile(tmp_path / "bad.yaml")
    (tmp_path / "twice.yaml").write_text("name: a\nname: b\n")
    with pytest.raises(ProfileError, match="is not YAML"):
        load_profile(tmp_path / "twice.yaml")


def test_a_profile_cannot_be_changed(servo: DriveProfile) -> None:
    with pytest.raises(ValueError, match="frozen"):
        servo.timing.gap_s = 0.0
