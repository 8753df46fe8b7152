"""What operators see: the tables rendered to text, 80 characters wide."""

import io
from dataclasses import replace

from rich.console import Console, RenderableType

from cell_controller.cell.run_summary import Summary
from cell_controller.cli.views import (
    alarms_view,
    drives_view,
    name_of,
    part_view,
    parts_view,
    safety_view,
    state_view,
    stations_view,
    summary_view,
)
from cell_controller.messages import (
    Alarm,
    Alarms,
    CellState,
    DriveCondition,
    DriveState,
    DriveStates,
    LinePhase,
    Parameter,
    PartState,
    SafetyPhase,
    SafetyState,
    Severity,
    StationSummary,
    StopReason,
    Trip,
    Verdict,
)
from cell_controller.packml import Command, Mode, State

PART = PartState(
    "P-0001", "order-1", "bracket", "0123456789abcdef", "weld", "", Verdict.SUSPECT, True,
    (Parameter("axial_force_mean_n", 4512.3),), "interrupted",
)  # fmt: skip
STATE = CellState(
    int(State.ABORTED), int(State.ABORTED), False, int(Mode.PRODUCTION), 17, 1,
    legal_commands=(int(Command.CLEAR),), stop_reason=StopReason(1, "interlock", "estop estop_ok: is off"),
    clear_hindrance="tool in the material: robot", stack_light="red flashing",
    order_id="order-1", recipe_current="bracket", parts_ordered=3, parts_good=1, parts_bad=1, oee=0.5,
)  # fmt: skip
SUMMARY = Summary(
    3, 3, 0, 92.5, 0.61, 0.8, 0.9, 0.95, 0.93, 0, "", 40000, 3, {"robot traverse": 30.0, "robot idle": 0.01}
)


def text(view: RenderableType, width: int = 80) -> str:
    out = io.StringIO()
    Console(file=out, width=width, no_color=True).print(view)
    return out.getvalue()


def test_a_number_without_a_name_is_shown_as_it_is() -> None:
    assert name_of(int(State.ABORTED), State) == "Aborted"
    assert name_of(99, State) == "99"


def test_the_state_shows_why_clear_would_be_refused_and_what_is_legal() -> None:
    said = text(state_view(STATE))
    for words in ("Aborted", "Production", "estop estop_ok: is off", "tool in the material: robot", "Clear",
                  "1 good, 1 bad of 3", "red flashing", "seq 17"):  # fmt: skip
        assert words in said


def test_the_hindrance_of_clear_is_silent_where_nobody_would_clear() -> None:
    assert "tool in the material" not in text(state_view(replace(STATE, state=int(State.EXECUTE))))


def test_a_station_shows_a_tool_in_the_material_and_no_values_that_are_not_numbers() -> None:
    values = (Parameter("axial_force_n", float("nan")), Parameter("z_m", 0.06))
    said = text(
        stations_view([StationSummary("robot", "Welding robot", "traverse", 0.4, True, True, "slow", values)])
    )
    assert "tool in material; slow" in " ".join(said.split())
    assert "z_m 0.06" in said
    assert "nan" not in said
    assert "40%" in said


def test_a_station_that_is_not_heard_is_offline_whatever_its_last_phase() -> None:
    said = text(stations_view([StationSummary("robot", "", "traverse", 0.4, False, False, "")]))
    assert "offline" in said
    assert "traverse" not in said


def test_drives_show_their_own_units_their_errors_and_why_a_line_stopped_by_itself() -> None:
    axis = DriveState(
        "weld_z", DriveCondition.OPERATION_ENABLED, measured_position_m=0.0123, measured_speed_m_s=-0.002,
        measured_force_n=4500.0, transactions=100, timeouts=2, crc_errors=1, latency_p50_s=0.0042,
        latency_p99_s=0.0119, latency_max_s=0.09,
    )  # fmt: skip
    spindle = DriveState(
        "weld_spindle", DriveCondition.FAULT, fault_text="over-torque", measured_speed_rpm=799.6
    )
    module = DriveState("station_io", DriveCondition.OFFLINE, inputs=0b101, outputs=0b10)
    states = DriveStates(
        "weld_line", LinePhase.STOPPING, program="weld_retract", program_step="retract",
        stop_cause="the permit is too old", drives=(axis, spindle, module),
    )  # fmt: skip
    said = text(drives_view({"weld_line": states}), width=140)
    for words in ("12.300 mm", "-2.0 mm/s", "4500.0 N", "3 of 100 bad: 2 timeouts, 1 CRC", "4, 12 ms",
                  "800 rpm", "over-torque", "fault", "offline", "in 101", "out 10",
                  "stopping, weld_retract: retract"):  # fmt: skip
        assert words in said
    assert "nan" not in said
    assert "the permit is too old" in " ".join(said.split()).replace("\n", " ") or "stopped by itself" in said


def test_names_of_drives_are_whole_on_a_narrow_terminal() -> None:
    long = DriveState("grind_traverse_left", DriveCondition.SWITCH_ON_DISABLED, measured_position_m=0.1)
    assert "grind_traverse_left" in text(
        drives_view({"grind_line": DriveStates("grind_line", drives=(long,))}), 60
    )


def test_the_interlock_lists_trips_first_out_on_top() -> None:
    trips = (
        Trip("estop", "estop_ok", "is off", is_present=True),
        Trip("line_lost", "weld_line", "nothing for 0.1 s"),
    )
    said = text(safety_view(SafetyState(SafetyPhase.TRIPPED, 7, trips=trips)))
    assert "tripped  epoch 7" in said
    assert said.index("estop_ok") < said.index("weld_line")
    assert "present" in said
    assert "gone" in said
    assert "epoch 8" in text(safety_view(SafetyState(SafetyPhase.MOTION, 8)))


def test_parts_say_what_they_need() -> None:
    said = text(parts_view([PART]), 100)
    assert "suspect" in said
    assert "needs disposition; interrupted" in said
    one = text(part_view(PART))
    assert "axial_force_mean_n" in one
    assert "4512.3" in one
    assert "cell parts dispose" in one


def test_alarms_that_are_over_are_shown_on_request_only() -> None:
    active = Alarm(1001, "The interlock tripped: estop", "estop", 1, Severity.ABORT)
    over = Alarm(3005, "A part is bad", "P-0001", 3, Severity.WARNING, is_active=False)
    alarms = Alarms((active,), (over,))
    assert "A part is bad" not in text(alarms_view(alarms))
    said = text(alarms_view(alarms, with_history=True))
    assert "P-0001: A part is bad" in said
    assert "over" in said
    assert "estop: The interlock" not in said  # the message names its source already


def test_the_summary_leaves_out_phases_that_took_no_time() -> None:
    said = text(summary_view(SUMMARY))
    for words in (
        "3 good, 0 bad of 3",
        "92.5 s",
        "61%",
        "0.80",
        "3 errors in 40000 exchanges",
        "robot traverse",
    ):
        assert words in said
    assert "robot idle" not in said
