"""Every cell of every phase table: the Unit is driven into the phase, the event happens, the table holds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cell_controller.messages import (
    Directive,
    SafetyPhase,
    SetpointKind,
    TaskKind,
    TaskResult,
    Verdict,
)
from cell_controller.stations.conveyor.phases import TABLE as CONVEYOR
from cell_controller.stations.conveyor.phases import ConveyorPhase
from cell_controller.stations.grinding_spindle.phases import TABLE as GRIND
from cell_controller.stations.phases import Event, Motion, PartVerdict, Reaction
from cell_controller.stations.reactions import CONTACT_WITHHELD
from cell_controller.stations.tool_phases import ToolPhase
from cell_controller.stations.welding_robot.phases import TABLE as WELD

TABLES = {"robot": WELD, "spindle": GRIND, "conveyor": CONVEYOR}
PROCESS = {"robot": TaskKind.WELD, "spindle": TaskKind.GRIND, "conveyor": TaskKind.INDEX}
RECOVERY = (ToolPhase.JOG, ToolPhase.RECOVER_SPIN, ToolPhase.RECOVER_RETRACT, ConveyorPhase.JOG)
WORKING = {  # a clamp that opens is a fault here; elsewhere a stuck drive is, by the maximum time
    ToolPhase.CLAMP, ToolPhase.HELD, "touch", "plunge", "dwell_start", "traverse", "dwell_end", "gap",
    "rough", "finish", "spark_out",
}  # fmt: skip
WAITING = (ToolPhase.WAIT_ZONE, ConveyorPhase.WAIT_CLEAR, ConveyorPhase.HOME_CHECK)
DIRECTED = {
    Event.HOLD: Directive.HOLD,
    Event.HOLD_NOW: Directive.HOLD_NOW,
    Event.STOP: Directive.STOP,
    Event.ABORT: Directive.ABORT,
}
CELLS = [
    pytest.param(name, phase, event, id=f"{name}-{phase.value}-{event.value.replace(' ', '_')}")
    for name, table in TABLES.items()
    for phase in table.rows
    for event in Event
]
_at_phase: dict[tuple[str, str], Any] = {}


def _prepare(bench: Any, phase: str) -> None:
    """Give the task that leads through the phase, and whatever makes it happen."""
    if phase in RECOVERY:
        bench.permit(SafetyPhase.RECOVERY)
        if phase in (ToolPhase.JOG, ConveyorPhase.JOG):
            bench.press(
                TaskKind.JOG, bench.fast if bench.name == "conveyor" else bench.config.drives[0], 0.005
            )
            return
        feed = bench.drives[bench.fast]
        feed.position_m = 0.0005 if bench.name == "robot" else -0.00001
        bench.run(0.2)
        bench.press(TaskKind.RECOVER_TOOL)
        return
    if phase in (ToolPhase.HOME_RAISE, ToolPhase.HOME_PARK):
        bench.drives[bench.fast].position_m = bench.unit.safe_m / 2.0
        bench.drives[bench.config.drives[1 if bench.name == "spindle" else 0]].position_m = 0.05
        bench.run(0.2)
        bench.give(TaskKind.HOME)
        return
    if phase in (ConveyorPhase.HOME_CHECK, ConveyorPhase.REFERENCE, ConveyorPhase.TO_PITCH):
        bench.drives["belt"].position_m = 0.08
        bench.drives["belt"].is_homed = phase is not ConveyorPhase.REFERENCE
        bench.grants_zones = phase is not ConveyorPhase.HOME_CHECK
        bench.run(0.2)
        bench.give(TaskKind.HOME)
        return
    is_belt = bench.name == "conveyor"
    if phase in (ToolPhase.WAIT_ZONE, ConveyorPhase.WAIT_CLEAR) or (is_belt and phase is ConveyorPhase.HELD):
        bench.grants_zones = False
    bench.give(PROCESS[bench.name])
    if phase in (ConveyorPhase.BLOCKED, ConveyorPhase.RE_REFERENCE):
        half_m = bench.conveyor.pitch_m / 2.0
        assert bench.run(20.0, lambda: bench.drives["belt"].position_m > half_m)
        bench.drives["belt"].stuck = bench.drives["belt"].restless = True
        assert bench.run(20.0, lambda: bench.unit.phase is ConveyorPhase.BLOCKED)
        bench.drives["belt"].stuck = bench.drives["belt"].restless = False
    elif phase is ToolPhase.OPEN_CLAMP:
        assert bench.run(20.0, lambda: bench.unit.phase == "retract")
        bench.clamp_jammed = True
    elif not is_belt and phase in (ToolPhase.RETREAT, ToolPhase.HELD):
        assert bench.run(20.0, lambda: bench.unit.phase == "lower")
        bench.run(0.2)
        bench.direct(Directive.HOLD)
    elif phase is ConveyorPhase.HELD:
        bench.direct(Directive.HOLD)


def _in_phase(make_bench: Callable[[str], Any], name: str, phase: Any) -> Any:
    """The bench a moment after the phase began; built once per phase, then forked."""
    if (name, phase) not in _at_phase:
        bench = make_bench(name)
        if phase is not TABLES[name].idle:
            _prepare(bench, phase)
            is_there = bench.unit.phase is phase or bench.run(40.0, lambda: bench.unit.phase is phase)
            assert is_there, f"never in {phase}: {bench.state}"
        _at_phase[name, phase] = bench
    return _at_phase[name, phase].fork()


def _cause(bench: Any, phase: Any, event: Event) -> None:
    if phase is ToolPhase.OPEN_CLAMP:
        bench.clamp_jammed = False
    if event in DIRECTED:
        bench.direct(DIRECTED[event])
    elif event is Event.PERMIT_LOST:
        bench.trip()
    elif event is Event.WITHHELD or phase in RECOVERY:
        bench.withhold()  # recovery: all that can go wrong under a hand that lets go is a lasting hold
    else:
        _break(bench, phase)


def _break(bench: Any, phase: Any) -> None:
    """The fault of this phase."""
    if phase in WORKING:
        bench.clamp_broken = True
    elif phase is ConveyorPhase.VERIFY:
        bench.unit._sensors[2].level, bench.unit._sensors[2]._other_s = False, -1.0  # a part has got lost
        bench.frozen_sensors["part_at_grind"] = False
    else:
        bench.grants_zones = phase not in WAITING
        bench.clamp_jammed = True
        for drive in bench.drives.values():
            drive.stuck = phase not in WAITING
            drive.restless = phase is ConveyorPhase.BLOCKED
        if phase in (ToolPhase.SPIN_DOWN, ToolPhase.HOME_PARK):
            _spindle(bench).speed = 500.0
        if phase in WAITING:
            _wait_almost_out(bench)


def _wait_almost_out(bench: Any) -> None:
    """To just before the maximum time. The minutes until then are one sum, whose middle proves nothing."""
    bench.unit.phase_s = max(bench.unit.phase_s, bench.unit.limit_s - 1.0)
    phase, left_s = bench.unit.phase, bench.unit.limit_s - bench.unit.phase_s
    assert not bench.run(left_s - 0.1, lambda: bench.is_over or bench.unit.phase is not phase)


def _expected_verdict(reaction: Reaction, bench: Any) -> Verdict:
    if reaction.verdict is PartVerdict.SUSPECT:
        return Verdict.SUSPECT
    if reaction.verdict is PartVerdict.IF_TOUCHED and bench.unit.task.is_touched:
        return Verdict.SUSPECT
    is_tool = bench.name != "conveyor"
    return Verdict.GOOD if reaction.verdict is PartVerdict.BY_LIMITS and is_tool else Verdict.NONE


@pytest.mark.parametrize(("name", "phase", "event"), CELLS)
def test_the_unit_does_what_its_table_says(
    make_bench: Callable[[str], Any], name: str, phase: Any, event: Event
) -> None:
    table = TABLES[name]
    reaction = table.reaction(phase, event)
    if phase is table.idle:
        _stays_idle(make_bench(name), event)
        return
    if phase is table.held and event is Event.FAULT and name == "conveyor":
        assert reaction.result is TaskResult.FAILED  # nothing can go wrong on a belt that is held
        return
    bench = _in_phase(make_bench, name, phase)
    assert bench.unit.phase is phase
    _cause(bench, phase, event)
    {
        Motion.PROGRAM: _ends_at_once,
        Motion.RETREAT: _retreats,
        Motion.STAND: _stands,
        Motion.BACK: _goes_back,
        Motion.CARRY_ON: _carries_on,
        Motion.WAIT: _waits,
    }[reaction.motion](bench, phase, reaction)


def _stays_idle(bench: Any, event: Event) -> None:
    before = bench.state.result
    if event is not Event.FAULT:
        _cause(bench, None, event)
    bench.run(0.5)
    assert bench.unit.phase is TABLES[bench.name].idle
    assert bench.state.result is before is not TaskResult.RUNNING
    kinds = {s.kind for s in bench.setpoint.drives} - {SetpointKind.OUTPUTS}
    assert kinds == {SetpointKind.NONE}


def _ends_at_once(bench: Any, phase: Any, reaction: Reaction) -> None:
    expected = _expected_verdict(reaction, bench)
    seconds = bench.unit.limit_s + 1.0 if reaction.result is TaskResult.FAILED else 0.1
    assert bench.run(seconds, lambda: bench.is_over)
    assert (bench.state.result, bench.state.verdict) == (reaction.result, expected)
    if bench.unit.is_low and bench.safety is SafetyPhase.MOTION:
        was_wished = bench.at(bench.config.drives[-1]).kind
        bench.run(0.1)
        assert bench.at(bench.config.drives[-1]).kind is was_wished, "until the stop program begins"
        bench.trip()
        bench.run(0.1)
    assert {bench.at(d).kind for d in bench.drives} == {SetpointKind.NONE}
    assert bench.clamps == bench.clamps | {c: s for c, s in bench.clamps.items() if s >= 0.0}
    _never_goes_on(bench)


def _never_goes_on(bench: Any) -> None:
    """A task that has ended stays ended, whatever directive and permit come back."""
    ended = bench.state.result
    bench.direct(Directive.RUN)
    bench.permit(SafetyPhase.RECOVERY if bench.safety is SafetyPhase.RECOVERY else SafetyPhase.MOTION)
    bench.run(0.3)
    assert bench.unit.phase is TABLES[bench.name].idle
    assert bench.state.result is ended


def _retreats(bench: Any, phase: Any, reaction: Reaction) -> None:
    limit_s = bench.unit.limit_s + 1.0
    # a retreat from the safe position with the spindle standing is over in the step that begins it
    after = (ToolPhase.RETREAT, ToolPhase.HELD, ToolPhase.OPEN_CLAMP)
    assert bench.run(limit_s, lambda: bench.unit.phase in after)
    if bench.unit.phase is ToolPhase.RETREAT:
        assert bench.setpoint.program == bench.config.programs.material
    for drive in bench.drives.values():
        drive.stuck = False
    bench.clamp_jammed = False
    was_turning = bench.drives[bench.config.drives[-1]].speed > 100.0
    feed = bench.drives[bench.fast]
    safe_m = bench.unit.safe_m

    def is_up() -> bool:
        assert feed.position_m >= safe_m - 0.002 or not was_turning or _spindle(bench).speed > 100.0
        return feed.position_m >= safe_m - 0.001

    assert bench.run(limit_s, is_up)
    expected = _expected_verdict(reaction, bench)
    if reaction.result is not TaskResult.RUNNING:
        done = bench.finish(limit_s + 5.0)
        assert (done.result, done.verdict) == (reaction.result, expected)
        _never_goes_on(bench)
        return
    assert bench.run(limit_s, lambda: bench.is_held)
    assert not bench.is_over
    _resumes(bench, reaction)


def _spindle(bench: Any) -> Any:
    return bench.drives[bench.config.drives[-1]]


def _resumes(bench: Any, reaction: Reaction) -> None:
    assert reaction.may_resume
    held_phase = bench.unit.phase
    bench.run(0.5)
    assert bench.unit.phase is held_phase is TABLES[bench.name].held
    bench.grants_zones = True
    bench.direct(Directive.RUN)
    done = bench.finish(60.0)
    good = Verdict.NONE if bench.name == "conveyor" else Verdict.GOOD
    assert (done.result, done.verdict) == (TaskResult.DONE, good), done


def _stands(bench: Any, phase: Any, reaction: Reaction) -> None:
    if phase is TABLES[bench.name].held and reaction.to is None:
        bench.run(0.5)
        assert bench.is_held
        _resumes(bench, reaction)
        return
    if reaction.to is TABLES[bench.name].held:
        assert bench.run(0.2, lambda: bench.is_held)
        _resumes(bench, reaction)
        return
    expected = _expected_verdict(reaction, bench)
    seconds = bench.unit.limit_s + 5.0 if reaction.result is TaskResult.FAILED else 0.5
    if reaction.to is ToolPhase.OPEN_CLAMP:
        assert bench.run(seconds, lambda: bench.unit.phase is ToolPhase.OPEN_CLAMP or bench.is_over)
        bench.clamp_jammed = False
        seconds = 5.0
    done = bench.finish(min(seconds, 200.0))
    assert (done.result, done.verdict) == (reaction.result, expected), done
    kinds = {bench.at(d).kind for d in bench.drives}
    assert kinds == {SetpointKind.NONE}
    _never_goes_on(bench)


def _goes_back(bench: Any, phase: Any, reaction: Reaction) -> None:
    """The belt returns to the pitch it left; without a hold that ends the task."""
    back = (reaction.to, ConveyorPhase.RE_REFERENCE)
    assert bench.run(bench.unit.limit_s + 1.0, lambda: bench.unit.phase in back)
    for drive in bench.drives.values():
        drive.stuck = False
    done = bench.finish(20.0)
    assert done.result is TaskResult.FAILED
    assert bench.drives["belt"].position_m == pytest.approx(0.0, abs=0.001)
    assert done.places == (True, True, False, False)


def _carries_on(bench: Any, phase: Any, reaction: Reaction) -> None:
    bench.grants_zones = True
    expected = _expected_verdict(reaction, bench)
    is_block = phase in (ConveyorPhase.BLOCKED, ConveyorPhase.RE_REFERENCE)
    if reaction.result is TaskResult.STOPPED:
        done = bench.finish(30.0)
        assert (done.result, done.verdict) == (TaskResult.STOPPED, expected)
        return
    if (phase is ToolPhase.RETREAT or is_block) and reaction.may_resume:
        assert bench.run(20.0, lambda: bench.is_held)
        _resumes(bench, reaction)
        return
    done = bench.finish(60.0)
    assert (done.result, done.verdict) == (TaskResult.DONE, expected), done
    assert bench.run(0.2, lambda: bench.is_held or bench.order.directive is Directive.STOP)


def _waits(bench: Any, phase: Any, reaction: Reaction) -> None:
    bench.run(0.06)
    in_phase, spent_s = bench.unit.phase, bench.unit.phase_s
    is_recovery = phase in RECOVERY
    bench.run(0.3)
    assert bench.unit.phase is in_phase
    assert bench.unit.phase_s == pytest.approx(spent_s)
    for axis in bench.unit.body.axes:
        assert bench.at(axis.drive).kind is SetpointKind.STOP
    if reaction.max_time is CONTACT_WITHHELD:
        late = bench.fork()
        late.run(0.6)
        late.permit(SafetyPhase.RECOVERY if is_recovery else SafetyPhase.MOTION)
        fault = TABLES[bench.name].reaction(phase, Event.FAULT)
        expected = _expected_verdict(fault, late)
        done = late.finish(20.0)
        assert (done.result, done.verdict) == (fault.result, expected)
    if is_recovery:
        return
    bench.grants_zones = True
    bench.permit()
    if phase in (ToolPhase.RETREAT, ToolPhase.HELD, ConveyorPhase.HELD):
        assert bench.run(20.0, lambda: bench.is_held)
        return
    if phase in (ConveyorPhase.BLOCKED, ConveyorPhase.RE_REFERENCE):
        assert bench.finish(20.0).result is TaskResult.FAILED  # a jam is looked at, not tried again
        return
    assert bench.finish(60.0).result is TaskResult.DONE


@pytest.mark.parametrize("name", list(TABLES))
def test_an_abort_ends_every_phase_at_once(name: str) -> None:
    for phase in TABLES[name].rows:
        if phase is TABLES[name].idle:
            continue
        for event in (Event.ABORT, Event.PERMIT_LOST):
            reaction = TABLES[name].reaction(phase, event)
            assert reaction.to is TABLES[name].idle
            assert reaction.result is TaskResult.ABORTED
            assert not reaction.may_resume
