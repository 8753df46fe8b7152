"""The plan of the demo cell: every time in it follows from cell file and profiles."""

from collections.abc import Iterator
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cell_controller.config import CellFile, ConfigError, LoadedCell, Rs485, Severity
from cell_controller.drives.profile import DriveProfile, Quantity, SerialFormat, Verb, load_profile
from cell_controller.plan import (
    Ages,
    CellPlan,
    estop_to_standstill_s,
    examine_plan,
    load_plan,
    make_plan,
    verbs_of,
)
from cell_controller.plan.checks import (
    absolute_axes_have_absolute_encoders,
    coasting_is_known,
    profiles_fit_their_drives,
    silence_stops_every_drive,
)
from cell_controller.plan.checks_lines import (
    devices_keep_their_names,
    directions_switch_in_time,
    units_exist,
)
from cell_controller.plan.checks_timing import watchdogs_fit
from cell_controller.plan.periods import age_limit_s

CELLS = Path(__file__).parents[3] / "config" / "cells"


@pytest.fixture(scope="module")
def demo() -> tuple[LoadedCell, CellPlan]:
    return load_plan(CELLS / "demo.yaml")


def changed(cell: CellFile, path: tuple[str, ...], value: Any) -> CellFile:
    data = cell.model_dump()
    section = data
    for key in path[:-1]:
        section = section[key]
    section[path[-1]] = value
    return CellFile.model_validate(data)


@pytest.mark.parametrize("name", ["demo", "test"])
def test_the_shipped_cells_are_good(name: str) -> None:
    _, plan, problems = examine_plan(CELLS / f"{name}.yaml")
    assert plan is not None
    assert all(p.severity is Severity.WARNING for p in problems)


def test_every_watchdog_survives_two_lost_exchanges(demo: tuple[LoadedCell, CellPlan]) -> None:
    loaded, plan = demo
    guarded = {n: d for n, d in plan.drives.items() if plan.profile_of(n).watchdog.exists}
    assert set(plan.drives) - set(guarded) == {"belt"}
    for name, drive in guarded.items():
        recovery_s = max(
            t.timeout_s + t.drain_s
            for t in (plan.profile_of(d).timing for d in loaded.cell.drives_of_line(drive.line))
        )
        assert drive.watchdog_s is not None, name
        assert drive.watchdog_s >= 3 * drive.read_interval_s
        assert drive.watchdog_s >= drive.read_interval_s + 2 * recovery_s


def test_watchdogs_are_multiples_of_what_the_drive_can_count(demo: tuple[LoadedCell, CellPlan]) -> None:
    for name, drive in demo[1].drives.items():
        counts = (drive.watchdog_s or 0.0) / demo[1].profile_of(name).watchdog.resolution_s
        assert counts == pytest.approx(round(counts), abs=1e-6)


def test_data_of_a_healthy_drive_is_never_too_old(demo: tuple[LoadedCell, CellPlan]) -> None:
    for drive in demo[1].drives.values():
        assert drive.age_limit_s > drive.read_interval_s + demo[1].ages.drive_states_s


def test_a_lines_stop_time_covers_the_loss_of_any_node_and_its_longest_program(
    demo: tuple[LoadedCell, CellPlan],
) -> None:
    _, plan = demo
    weld = plan.lines["weld_line"]
    assert weld.program_s == max(plan.programs_s["weld_stop"], plan.programs_s["weld_retract"])
    assert weld.stop_time_s >= plan.ages.setpoint_s + weld.stop_latency_s + weld.program_s
    assert weld.permit_stop_s == pytest.approx(plan.permit_valid_s + weld.stop_latency_s + weld.program_s)
    for drive in plan.drives.values():
        if drive.line == "weld_line":
            assert drive.coast_s <= weld.stop_time_s


def test_a_dead_bus_leaves_the_drive_its_watchdog_and_its_ramp(demo: tuple[LoadedCell, CellPlan]) -> None:
    spindle = demo[1].drives["weld_spindle"]
    assert spindle.watchdog_s is not None
    assert spindle.coast_s == pytest.approx(spindle.watchdog_s + 0.6)


def test_the_relay_waits_for_every_program(demo: tuple[LoadedCell, CellPlan]) -> None:
    loaded, plan = demo
    for line in plan.lines.values():
        needed_s = estop_to_standstill_s(line, plan.drives["safety_io"])
        assert line.program_s < needed_s <= loaded.cell.safety.relay.delay_s


def test_a_slower_line_makes_every_time_longer(demo: tuple[LoadedCell, CellPlan]) -> None:
    loaded, plan = demo
    slow_cell = changed(loaded.cell, ("lines", "weld_line", "baud"), 19200)
    slow = make_plan(replace(loaded, cell=slow_cell), plan.profiles)
    for name in loaded.cell.drives_of_line("weld_line"):
        fast_drive, slow_drive = plan.drives[name], slow.drives[name]
        assert slow_drive.read_interval_s > fast_drive.read_interval_s
        assert slow_drive.age_limit_s > fast_drive.age_limit_s
        assert (slow_drive.watchdog_s or 0) >= (fast_drive.watchdog_s or inf)
    assert slow.lines["weld_line"].stop_time_s > plan.lines["weld_line"].stop_time_s
    assert slow.lines["grind_line"] == plan.lines["grind_line"]


def test_only_drives_in_a_loop_pay_for_velocity_setpoints(demo: tuple[LoadedCell, CellPlan]) -> None:
    cell = demo[0].cell
    assert verbs_of(cell, "weld_z") == (Verb.PROFILE_MOVE, Verb.VELOCITY)
    assert verbs_of(cell, "weld_x") == (Verb.PROFILE_MOVE,)
    assert verbs_of(cell, "weld_spindle") == (Verb.VELOCITY,)
    assert verbs_of(cell, "station_io") == (Verb.OUTPUTS,)


def test_the_configuration_hash_sees_cell_recipes_and_profiles(demo: tuple[LoadedCell, CellPlan]) -> None:
    loaded, plan = demo
    assert make_plan(loaded, plan.profiles).config_hash == plan.config_hash
    faster = replace(loaded, cell=changed(loaded.cell, ("stations", "robot", "rapid_m_s"), 0.081))
    recipe = loaded.recipes["bracket"]
    softer = replace(loaded, recipes={"bracket": recipe.model_copy(update={"label": "other"})})
    name = "remote_io"
    profile = plan.profiles[name].model_copy(update={"vendor": "other"})
    hashes = {
        plan.config_hash,
        make_plan(faster, plan.profiles).config_hash,
        make_plan(softer, plan.profiles).config_hash,
        make_plan(loaded, {**plan.profiles, name: profile}).config_hash,
    }
    assert len(hashes) == 4


def without_watchdog(profiles: dict[str, DriveProfile]) -> Iterator[tuple[str, DriveProfile]]:
    for name, profile in profiles.items():
        yield (
            name,
            profile.model_copy(update={"watchdog": profile.watchdog.model_copy(update={"exists": False})}),
        )


def test_a_drive_without_watchdog_is_a_warning_that_asks_for_a_wired_enable(
    demo: tuple[LoadedCell, CellPlan],
) -> None:
    loaded, plan = demo
    profiles = dict(without_watchdog(dict(plan.profiles)))
    cell = changed(loaded.cell, ("drives", "belt", "enable"), None)
    findings = list(silence_stops_every_drive(cell, profiles))
    assert len(findings) == len(cell.drives)
    assert {f.severity for f in findings} == {Severity.WARNING}
    bare = make_plan(loaded, profiles)
    assert bare.drives["weld_x"].watchdog_s is None
    assert bare.drives["weld_x"].coast_s == inf
    assert bare.lines["weld_line"].stop_time_s < inf


def test_a_watchdog_that_cannot_be_set_long_enough_is_found(demo: tuple[LoadedCell, CellPlan]) -> None:
    loaded, plan = demo
    profile = plan.profiles["delta_asda_a3"]
    short = profile.model_copy(update={"watchdog": profile.watchdog.model_copy(update={"max_s": 0.5})})
    tight = make_plan(loaded, {**plan.profiles, "delta_asda_a3": short})
    texts = [f.text for f in watchdogs_fit(loaded.cell, tight)]
    assert any("its watchdog would need 1 s on weld_line, delta_asda_a3 allows 0.5 s" in t for t in texts)


def test_a_drive_that_forgets_its_position_cannot_be_called_absolute(
    demo: tuple[LoadedCell, CellPlan],
) -> None:
    loaded, plan = demo
    profile = plan.profiles["fast_modbus_servo"]
    position = profile.field(Quantity.POSITION).model_copy(update={"absolute": False})
    other = profile.model_copy(update={"fields": {**profile.fields, Quantity.POSITION: position}})
    profiles = {**plan.profiles, "fast_modbus_servo": other}
    found = [f.path for f in absolute_axes_have_absolute_encoders(loaded.cell, profiles)]
    assert found == [("drives", "weld_z", "absolute"), ("drives", "grind_infeed", "absolute")]


def test_a_spindle_whose_coast_nobody_knows_is_refused(demo: tuple[LoadedCell, CellPlan]) -> None:
    loaded, plan = demo
    blind = plan.profiles["delta_c2000"].model_copy(update={"sees_coasting": False})
    profiles = {**plan.profiles, "delta_c2000": blind}
    found = [f.path for f in coasting_is_known(loaded.cell, profiles)]
    assert found == [("drives", "weld_spindle", "coast_s")]
    known = {
        name: drive.model_copy(update={"coast_s": 20.0}) if drive.profile == "delta_c2000" else drive
        for name, drive in loaded.cell.drives.items()
    }
    assert not list(coasting_is_known(loaded.cell.model_copy(update={"drives": known}), profiles))


def test_a_drive_that_cannot_speak_as_its_line_does_is_found(demo: tuple[LoadedCell, CellPlan]) -> None:
    loaded, plan = demo
    profile = plan.profiles["delta_c2000"]
    serial = profile.serial.model_copy(update={"bauds": (9600,), "formats": (SerialFormat("8N1"),)})
    profiles = {**plan.profiles, "delta_c2000": profile.model_copy(update={"serial": serial})}
    texts = [(f.path[1], f.text, f.remedy) for f in profiles_fit_their_drives(loaded.cell, profiles)]
    assert texts[:2] == [
        ("weld_spindle", "does not know the 115200 baud of weld_line", "set the line to one of 9600"),
        ("weld_spindle", "does not know the format 8N2 of weld_line", "set the line to one of 8N1"),
    ]


def test_a_ramp_that_outlasts_the_stop_budget_is_found(demo: tuple[LoadedCell, CellPlan]) -> None:
    loaded, plan = demo
    cell = changed(loaded.cell, ("drives", "weld_z", "max_acceleration_m_s2"), 0.02)
    slow = make_plan(replace(loaded, cell=cell), plan.profiles)
    found = [f for f in watchdogs_fit(cell, slow) if f.path == ("drives", "weld_z")]
    assert len(found) == 1
    assert "without its bus it stops after 5.16 s" in found[0].text


def test_a_bad_profile_is_named_with_its_file(tmp_path: Path) -> None:
    source = CELLS.parent / "drives"
    for file in source.glob("*.yaml"):
        (tmp_path / file.name).write_text(file.read_text())
    broken = tmp_path / "remote_io.yaml"
    broken.write_text(broken.read_text().replace("vendor:", "vendour:"))
    cell = (CELLS / "demo.yaml").read_text()
    cell = cell.replace("../recipes", str(CELLS.parent / "recipes")).replace("../drives", str(tmp_path))
    (tmp_path / "cell").mkdir()
    (tmp_path / "cell" / "demo.yaml").write_text(cell)
    with pytest.raises(ConfigError) as caught:
        load_plan(tmp_path / "cell" / "demo.yaml")
    assert {p.file for p in caught.value.problems} == {str(broken)}
    assert any("vendour" in p.text for p in caught.value.problems)


@given(st.floats(0.001, 10.0))
def test_an_age_limit_outlasts_three_lost_messages_and_a_busy_host(period_s: float) -> None:
    assert age_limit_s(period_s) >= 4 * period_s
    assert age_limit_s(period_s) >= 0.1


def test_the_interlock_notices_a_lost_manager_before_the_stations_do() -> None:
    ages = Ages()
    assert ages.cell_permit_s < ages.order_s
    assert ages.cell_permit_s + ages.safety_s <= ages.order_s + 1e-9


def test_a_unit_id_that_a_protocol_cannot_say_is_refused(demo: tuple[LoadedCell, CellPlan]) -> None:
    loaded, plan = demo
    belt = loaded.cell.drives["belt"].model_copy(update={"unit": 16})
    cell = loaded.cell.model_copy(update={"drives": {**loaded.cell.drives, "belt": belt}})
    (found,) = units_exist(cell, plan.profiles)
    assert found.path == ("drives", "belt", "unit")
    assert found.text == "ezi_servo, which fastech_ezi_servo speaks, has unit ids up to 15 only"
    assert not list(units_exist(loaded.cell, plan.profiles))


def test_a_port_that_switches_its_direction_too_slowly_is_refused_and_a_good_one_counted(
    demo: tuple[LoadedCell, CellPlan],
) -> None:
    loaded, plan = demo

    def switching(**delays: float) -> CellFile:
        rs485 = Rs485.model_validate(delays)
        line = loaded.cell.lines["weld_line"].model_copy(update={"rs485": rs485})
        return loaded.cell.model_copy(update={"lines": {**loaded.cell.lines, "weld_line": line}})

    def found(**delays: float) -> list[str]:
        return [str(f.path[-1]) for f in directions_switch_in_time(switching(**delays), plan.profiles)]

    assert found() == found(delay_before_sending_s=0.005) == []
    assert found(delay_after_sending_s=0.002) == ["delay_after_sending_s"]
    assert found(delay_before_sending_s=0.020) == ["delay_before_sending_s"]
    slower = make_plan(replace(loaded, cell=switching(delay_before_sending_s=0.005)), plan.profiles)
    before, after = plan.lines["weld_line"], slower.lines["weld_line"]
    assert after.stop_latency_s > before.stop_latency_s + 4 * 0.005, (
        "four drives are told, one after the other"
    )
    z, slower_z = before.schedule.drive("weld_z"), after.schedule.drive("weld_z")
    assert slower_z.read_interval_s > z.read_interval_s


def test_a_position_that_begins_anew_within_the_travel_is_not_absolute(
    demo: tuple[LoadedCell, CellPlan],
) -> None:
    """A Dynamixel knows its place in a turn: after a reboot it would be wrong by turns and pass for homed."""
    loaded, plan = demo
    profile = load_profile(CELLS.parent / "drives" / "robotis_dynamixel_x.yaml")
    profiles = {**plan.profiles, profile.name: profile}

    def found(name: str, **changes: object) -> list[str]:
        update = {"profile": profile.name, "absolute": True, **changes}
        drive = loaded.cell.drives[name].model_copy(update=update)
        cell = loaded.cell.model_copy(update={"drives": {**loaded.cell.drives, name: drive}})
        return [str(f.path[-1]) for f in absolute_axes_have_absolute_encoders(cell, profiles)]

    assert found("weld_x", min_m=0.0, max_m=0.35, m_per_rev=0.02) == ["absolute"]
    assert found("weld_x", min_m=0.0, max_m=0.35, m_per_rev=0.35) == []
    assert found("belt", m_per_rev=0.5) == found("belt", m_per_rev=1.0) == []
    assert found("belt", m_per_rev=0.3) == found("belt", m_per_rev=0.25) == ["m_per_rev"]
    assert found("weld_x", absolute=False) == []


@pytest.mark.parametrize(("production", "severity"), [(False, Severity.WARNING), (True, Severity.ERROR)])
def test_a_device_that_changes_its_name_is_questioned_and_refused_in_production(
    demo: tuple[LoadedCell, CellPlan], production: bool, severity: Severity
) -> None:
    loaded, plan = demo

    def found(device: str) -> list[Severity]:
        line = loaded.cell.lines["weld_line"].model_copy(update={"device": device})
        update = {"production": production, "lines": {**loaded.cell.lines, "weld_line": line}}
        return [
            f.severity for f in devices_keep_their_names(loaded.cell.model_copy(update=update), plan.profiles)
        ]

    assert found("/dev/ttyUSB0") == found("/dev/ttyACM1") == [severity]
    assert found("/dev/serial/by-id/usb-FTDI_FT232R_A1") == found("/dev/ttyS1") == []
