"""What the interlock takes from a cell file and its plan, value by value."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cell_controller.config import (
    INTERLOCK,
    AnalogRule,
    AnalogSignal,
    AnalogWatch,
    CellFile,
    InputRule,
    InputSignal,
    OnStop,
    OutputSignal,
    SafetyInput,
    Trips,
)
from cell_controller.drives.profile import DriveProfile, Quantity
from cell_controller.plan import CellPlan
from cell_controller.safety import SafetySetupError, limits_of
from cell_controller.safety.from_cell import ages_of
from cell_controller.safety.limits import (
    AnalogLimits,
    AxisLimits,
    Channel,
    LineLimits,
    Member,
    ModuleLimits,
    Program,
    SafetyInputLimits,
    SafetyLimits,
    SpindleLimits,
    StationLimits,
    Zone,
)
from support.interlock_bench import demo_cell
from support.rule_limits import AXIS

DEMO, PLAN = demo_cell()
RICH_WATCH = AnalogWatch(rule=AnalogRule.VIBRATION, trip_above=3.0, for_s=0.25, is_recoverable=False)


def with_drives(cell: CellFile, **changes: dict[str, Any]) -> CellFile:
    drives = {name: cell.drives[name].model_copy(update=more) for name, more in changes.items()}
    return cell.model_copy(update={"drives": {**cell.drives, **drives}})


def with_signals(cell: CellFile, **more: dict[str, Any]) -> CellFile:
    signals = {key: {**getattr(cell.signals, key), **named} for key, named in more.items()}
    return cell.model_copy(update={"signals": cell.signals.model_copy(update=signals)})


def with_safety(cell: CellFile, **changes: Any) -> CellFile:
    return cell.model_copy(update={"safety": cell.safety.model_copy(update=changes)})


def output(channel: int, owner: str, on_stop: OnStop, module: str = "station_io") -> OutputSignal:
    return OutputSignal(module=module, channel=channel, owner=owner, on_stop=on_stop)


def rich() -> CellFile:
    """The demo cell with everything that it has not."""
    cell = with_drives(
        DEMO,
        weld_x={"enable": "x_enable", "max_current_a": 7.0, "max_temperature_c": 75.0},
        weld_y={"enable": "x_enable"},
        weld_z={"enable": "drive_enable"},
        grind_wheel={"enable": "wheel_enable"},
        belt={"max_temperature_c": 70.0},
    )
    cell = with_signals(
        cell,
        inputs={
            name: InputSignal(module="safety_io", channel=channel)
            for name, channel in (("estop_b", 8), ("enabling", 9), ("coolant_flow", 10))
        },
        analog={
            "vibration_um": AnalogSignal(module="station_io", channel=3, scale=0.5, offset=2.0),
        },
        outputs={
            "x_enable": output(5, INTERLOCK, OnStop.OPEN),
            "wheel_enable": output(6, INTERLOCK, OnStop.OPEN),
            "blower": output(7, "robot", OnStop.OPEN),
            "lamp": output(8, "robot", OnStop.HOLD),
        },
    )
    return with_safety(
        cell,
        enabling_device="enabling",
        trips=Trips(frozen_s=0.25),
        inputs={
            "estop_ok": SafetyInput(rule=InputRule.ESTOP, is_recoverable=False, second="estop_b"),
            "coolant_flow": SafetyInput(
                rule=InputRule.COOLANT, is_recoverable=True, for_s=0.5, while_turning="grind_wheel"
            ),
        },
        analog={"vibration_um": RICH_WATCH},
        max_axial_force_n={"weld_z": 9000.0},
        depth_floor_m={"weld_z": 0.001},
        manual_speed_m_s=0.02,
        manual_force_n=500.0,
    )


@pytest.fixture
def limits() -> SafetyLimits:
    return limits_of(rich(), PLAN)


def test_ages_come_from_the_plan_by_source() -> None:
    ages = ages_of(DEMO, PLAN)
    assert ages == limits_of(DEMO, PLAN).ages
    assert ages.line_s == dict.fromkeys(DEMO.lines, 0.1)
    assert ages.station_s == dict.fromkeys(DEMO.stations, 0.2)
    assert ages.manager_s == 0.2
    assert ages.based_on_s == dict.fromkeys(DEMO.stations, 0.3)
    assert set(ages.measured_s) == set(ages.reaction_s) == set(DEMO.drives)
    for name, drive in PLAN.drives.items():
        assert ages.measured_s[name] == drive.age_limit_s
        assert ages.reaction_s[name] == drive.read_interval_s + drive.write_interval_s


def test_axes_have_the_limits_of_their_drives_and_of_the_safety_section(limits: SafetyLimits) -> None:
    z = AxisLimits(
        name="weld_z",
        line="weld_line",
        station="robot",
        min_m=0.0001,
        max_m=0.15,
        max_speed_m_s=0.1,
        max_acceleration_m_s2=2.0,
        max_force_n=15000.0,
        max_axial_force_n=9000.0,
        floor_m=0.001,
        max_current_a=None,
        max_temperature_c=80.0,
        measures_force=True,
        standstill_m_s=0.0005,
        reaction_s=limits.ages.reaction_s["weld_z"],
        is_referenced=False,
    )
    assert limits.drives["weld_z"] == z
    x = limits.drives["weld_x"]
    assert isinstance(x, AxisLimits)
    assert (x.max_axial_force_n, x.floor_m, x.max_current_a, x.max_temperature_c) == (None, None, 7.0, 75.0)
    belt = limits.drives["belt"]
    assert isinstance(belt, AxisLimits)
    assert (belt.station, belt.is_referenced, belt.min_m) == ("conveyor", True, -1000.0)


def test_spindles_have_the_limits_of_their_drives_and_of_the_wheel(limits: SafetyLimits) -> None:
    wheel = DEMO.drives["grind_wheel"]
    slow = with_drives(
        DEMO,
        grind_wheel={"wheel": wheel.wheel.model_copy(update={"marked_rpm": 2000.0})},  # type: ignore[union-attr]
    )
    expected = SpindleLimits(
        name="grind_wheel",
        line="grind_line",
        station="spindle",
        max_speed_rpm=2900.0,
        max_torque_nm=20.0,
        max_power_w=4000.0,
        max_current_a=30.0,
        max_temperature_c=None,
        standstill_rpm=10.0,
        reaction_s=limits.ages.reaction_s["grind_wheel"],
    )
    assert limits.drives["grind_wheel"] == expected
    assert limits_of(slow, PLAN).drives["grind_wheel"] == replace(expected, max_speed_rpm=2000.0)


def without_torque(plan: CellPlan) -> CellPlan:
    """As if no drive measured its torque."""

    def blind(profile: DriveProfile) -> DriveProfile:
        reads = profile.reads
        blocks = {
            "fast": reads.fast.model_copy(
                update={"fields": tuple(f for f in reads.fast.fields if f is not Quantity.TORQUE)}
            ),
            "slow": tuple(
                b.model_copy(update={"fields": tuple(f for f in b.fields if f is not Quantity.TORQUE)})
                for b in reads.slow
            ),
        }
        return profile.model_copy(update={"reads": reads.model_copy(update=blocks)})

    return replace(plan, profiles={name: blind(p) for name, p in plan.profiles.items()})


def test_force_and_torque_count_where_the_drive_measures_them() -> None:
    blind = limits_of(DEMO, without_torque(PLAN))
    axis, spindle = blind.drives["weld_z"], blind.drives["grind_wheel"]
    assert isinstance(axis, AxisLimits)
    assert isinstance(spindle, SpindleLimits)
    assert not axis.measures_force
    assert (spindle.max_torque_nm, spindle.max_power_w) == (None, 4000.0)


def test_a_module_knows_which_station_switches_which_channel_and_what_opens(limits: SafetyLimits) -> None:
    owners = {"robot": 0b1_1000_0001, "spindle": 0b010, "conveyor": 0b100}
    assert limits.drives["station_io"] == ModuleLimits("station_io", "conveyor_line", owners, 0b1000_0100)
    assert limits.drives["safety_io"] == ModuleLimits("safety_io", "safety_line", {}, 0)


def test_lines_have_their_drives_in_order_and_know_whether_they_move(limits: SafetyLimits) -> None:
    weld = ("weld_x", "weld_y", "weld_z", "weld_spindle")
    assert limits.lines["weld_line"] == LineLimits("weld_line", weld, True)
    assert limits.lines["conveyor_line"] == LineLimits("conveyor_line", ("belt", "station_io"), True)
    assert limits.lines["safety_line"] == LineLimits("safety_line", ("safety_io",), False)
    assert list(limits.lines) == list(DEMO.lines)


def test_stations_have_their_drives_modules_programs_and_clamps(limits: SafetyLimits) -> None:
    assert limits.stations["robot"] == StationLimits(
        name="robot",
        drives=("weld_x", "weld_y", "weld_z", "weld_spindle"),
        modules=("station_io",),
        axes=("weld_x", "weld_y", "weld_z"),
        lines=("weld_line",),
        programs=("weld_stop", "weld_retract"),
        material="weld_retract",
        clamp_closed=Channel("weld_clamp_closed", "station_io", 0b1_0000),
    )
    assert limits.stations["conveyor"] == StationLimits(
        "conveyor", ("belt",), ("station_io",), ("belt",), ("conveyor_line",), ("belt_stop",), "belt_stop"
    )


def test_programs_and_zones_are_those_of_the_cell_file(limits: SafetyLimits) -> None:
    assert set(limits.programs) == set(DEMO.stop_programs)
    retract = ("weld_x", "weld_y", "weld_z", "weld_spindle")
    assert limits.programs["weld_retract"] == Program("weld_line", retract, pytest.approx(4.3))  # type: ignore[arg-type]
    belt = Member("conveyor", "belt", None, 0.005, 0.5)
    assert limits.zones == (
        Zone("weld_place", (Member("robot", "weld_z", 0.03, 0.0, 0.0), belt)),
        Zone("grind_place", (Member("spindle", "grind_infeed", 0.015, 0.0, 0.0), belt)),
    )


def test_inputs_and_values_are_those_of_the_safety_section(limits: SafetyLimits) -> None:
    estop, estop_b = Channel("estop_ok", "safety_io", 1), Channel("estop_b", "safety_io", 0x100)
    coolant = Channel("coolant_flow", "safety_io", 0x400)
    assert limits.inputs == {
        "estop_ok": SafetyInputLimits(estop, InputRule.ESTOP, False, estop_b, 0.0, ""),
        "coolant_flow": SafetyInputLimits(coolant, InputRule.COOLANT, True, None, 0.5, "grind_wheel"),
    }
    assert limits.analog == {
        "vibration_um": AnalogLimits("vibration_um", "station_io", 3, 0.5, 2.0, "µm", RICH_WATCH)
    }
    assert limits.enabling == Channel("enabling", "safety_io", 0x200)
    assert limits_of(DEMO, PLAN).enabling is None


def test_what_is_true_of_the_whole_cell_comes_with_it(limits: SafetyLimits) -> None:
    assert limits.config_hash == PLAN.config_hash
    assert limits.permit_valid_s == PLAN.permit_valid_s
    assert limits.trips == Trips(frozen_s=0.25)
    assert (limits.manual_speed_m_s, limits.manual_force_n) == (0.02, 500.0)
    assert limits.guard_locked == Channel("guard_locked", "safety_io", 0b100)
    assert limits.guard_lock == Channel("guard_lock", "safety_io", 0b10)
    assert limits.drive_enable == Channel("drive_enable", "safety_io", 0b1)


def test_enables_of_single_drives_come_with_all_their_drives(limits: SafetyLimits) -> None:
    assert limits.enables == {
        Channel("x_enable", "station_io", 0x20): ("weld_x", "weld_y"),
        Channel("drive_enable", "safety_io", 0x1): ("weld_z",),
        Channel("wheel_enable", "station_io", 0x40): ("grind_wheel",),
    }
    assert limits_of(DEMO, PLAN).enables == {}


def refusal(cell: CellFile) -> SafetySetupError:
    with pytest.raises(SafetySetupError) as caught:
        limits_of(cell, PLAN)
    return caught.value


def test_signals_that_do_not_exist_are_refused() -> None:
    error = refusal(with_safety(DEMO, guard_locked="nowhere"))
    assert (error.what, error.name, str(error)) == (
        "unknown safety input",
        "nowhere",
        "unknown safety input: nowhere",
    )
    for name in ("nowhere", "weld_clamp"):
        error = refusal(with_safety(DEMO, guard_lock=name))
        assert (error.what, error.name) == ("not an output of the interlock", name)


@pytest.mark.parametrize(
    ("station", "changes"),
    [
        ("robot", {"below_m": None}),  # nothing to measure it with
        ("robot", {"below_m": None, "off_pitch_m": 0.005}),  # a robot has no pitch
        ("conveyor", {"off_pitch_m": None}),
    ],
)
def test_a_zone_that_cannot_be_measured_is_refused(station: str, changes: dict[str, Any]) -> None:
    members = DEMO.zones["weld_place"]
    zone = {**members, station: members[station].model_copy(update=changes)}
    error = refusal(DEMO.model_copy(update={"zones": {**DEMO.zones, "weld_place": zone}}))
    assert (error.what, error.name) == ("zone weld_place cannot be measured for", station)


@pytest.mark.parametrize(("pitch_m", "is_refused"), [(0.0, True), (0.25, False)])
def test_a_pitch_is_longer_than_nothing(pitch_m: float, is_refused: bool) -> None:
    belt = DEMO.stations["conveyor"].model_copy(update={"pitch_m": pitch_m})
    cell = DEMO.model_copy(update={"stations": {**DEMO.stations, "conveyor": belt}})
    if is_refused:
        assert refusal(cell).name == "conveyor"
    else:
        assert {m.pitch_m for z in limits_of(cell, PLAN).zones for m in z.members} == {0.0, pitch_m}


def test_a_conveyor_may_be_measured_by_height_too() -> None:
    members = DEMO.zones["weld_place"]
    lift = members["conveyor"].model_copy(update={"below_m": 0.5, "off_pitch_m": None})
    cell = DEMO.model_copy(update={"zones": {"lift": {"conveyor": lift}}})
    assert limits_of(cell, PLAN).zones == (Zone("lift", (Member("conveyor", "belt", 0.5, 0.0, 0.5),)),)


@pytest.mark.parametrize(("floor_m", "lowest_m"), [(None, 0.0), (0.5, 0.5), (-0.5, 0.0)])
def test_no_target_is_below_the_limit_or_below_the_floor(floor_m: float | None, lowest_m: float) -> None:
    assert replace(AXIS, min_m=0.0, floor_m=floor_m).lowest_m == lowest_m
