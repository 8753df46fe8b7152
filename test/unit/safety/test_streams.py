"""From messages and the runtime's notices to what the rules are asked about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import inf
from typing import Any, TypeVar

import pytest

from cell_controller.messages import (
    CellPermit,
    DriveStates,
    Echo,
    Guard,
    LinePhase,
    Setpoint,
)
from cell_controller.runtime import FaultKind, Input, InputFault
from cell_controller.safety.findings import Finding, RuleName
from cell_controller.safety.rules import RuleBook
from cell_controller.safety.snapshot import Snapshot
from cell_controller.safety.streams import (
    LineWatch,
    declared_inputs,
    discarded_of,
    events_of,
    newest_setpoints,
    take_permits,
)
from support.heard_cell import EPOCH, NOW_S, first_states, heard
from support.rule_limits import AGES, CELL_LIMITS, above

M = TypeVar("M")
OWN = 99


@dataclass
class Arrived:
    """Inputs with these messages, each as old as its source."""

    messages: Mapping[str, tuple[object, ...]] = field(default_factory=dict)
    ages_s: Mapping[tuple[str, str], float] = field(default_factory=dict)
    session: int = OWN
    faults: tuple[InputFault, ...] = ()

    def new(self, port: str, kind: type[M]) -> tuple[M, ...]:
        return tuple(m for m in self.messages.get(port, ()) if isinstance(m, kind))

    def latest(self, port: str, source: str, kind: type[M]) -> M | None:
        raise NotImplementedError

    def age_s(self, port: str, source: str) -> float:
        return self.ages_s[port, source]


def test_every_stream_is_declared_with_its_age_limit_and_wakes() -> None:
    ages = replace(
        AGES, line_s={"weld_line": 0.125, "belt_line": 0.25}, station_s={"robot": 0.5}, manager_s=0.75
    )
    assert declared_inputs(ages) == (
        Input(
            "drive_states",
            DriveStates,
            wakes=True,
            depth=20,
            sources=("weld_line", "belt_line"),
            max_age_s={"weld_line": 0.125, "belt_line": 0.25},
        ),
        Input("setpoint", Setpoint, wakes=True, depth=10, sources=("robot",), max_age_s={"robot": 0.5}),
        Input(
            "cell_permit",
            CellPermit,
            wakes=True,
            depth=10,
            sources=("cell_manager",),
            max_age_s={"cell_manager": 0.75},
        ),
    )


def permits(*given: CellPermit) -> Arrived:
    return Arrived({"cell_permit": given}, {("cell_permit", "cell_manager"): 0.125})


def test_the_newest_permit_is_the_one_that_counts() -> None:
    snapshot = heard()
    old, new = (CellPermit(clear_id=n, echo=Echo("interlock", OWN, 4.0 + n)) for n in (1, 2))
    assert take_permits(permits(old, new), snapshot) == (old, new)
    assert (snapshot.permit, snapshot.permit_at_s, snapshot.permit_echo_s) == (new, NOW_S - 0.125, 6.0)
    assert take_permits(permits(), snapshot) == ()
    assert (snapshot.permit, snapshot.permit_at_s, snapshot.permit_echo_s) == (new, NOW_S - 0.125, 6.0)


@pytest.mark.parametrize(
    ("session", "stamp_s", "echo_s"),
    [(OWN, NOW_S, NOW_S), (OWN, above(NOW_S), -inf), (OWN + 1, 4.0, -inf)],
)
def test_an_echo_counts_when_it_can_be_of_this_interlock(session: int, stamp_s: float, echo_s: float) -> None:
    snapshot = heard()
    take_permits(permits(CellPermit(echo=Echo("interlock", session, stamp_s))), snapshot)
    assert snapshot.permit_echo_s == echo_s


def watching() -> tuple[LineWatch, Snapshot]:
    snapshot = Snapshot(CELL_LIMITS)
    snapshot.begin(NOW_S)
    return LineWatch(RuleBook(CELL_LIMITS), snapshot), snapshot


def states(line: str = "weld_line", **changes: Any) -> DriveStates:
    return replace(first_states(CELL_LIMITS, line), **changes)


def take(watch: LineWatch, *given: DriveStates) -> tuple[tuple[DriveStates, ...], list[RuleName]]:
    ages_s = {("drive_states", s.line): 0.0625 for s in given}
    messages, passed = watch.take(Arrived({"drive_states": given}, ages_s))
    return messages, [f.rule for f in passed]


def test_states_of_a_line_are_taken_with_their_age() -> None:
    watch, snapshot = watching()
    first, second = states("weld_line"), states("grind_line")
    assert take(watch, first, second) == ((first, second), [])
    assert snapshot.lines["weld_line"].states is first
    assert snapshot.lines["weld_line"].received_at_s == NOW_S - 0.0625
    assert watch.discarded == 0
    assert watch.present == ()


def test_states_that_speak_for_another_line_or_for_none_are_discarded_one_by_one() -> None:
    watch, snapshot = watching()
    foreign = replace(states(), line="grind_line")
    unknown = replace(states(), line="nowhere", guard=Guard("nowhere", 1, 1, 0.0))
    good = states("conveyor_line")
    assert take(watch, foreign, good, unknown) == ((good,), [])
    assert watch.discarded == 2
    assert not snapshot.lines["grind_line"].is_heard
    assert snapshot.lines["conveyor_line"].is_heard


def test_what_only_an_older_message_showed_has_passed() -> None:
    watch, _ = watching()
    other, unarmed = states(config_hash="other"), states(is_armed=False)
    assert take(watch, other, states(), states("grind_line"))[1] == [RuleName.CONFIG]
    assert watch.present == ()
    assert take(watch, other, unarmed)[1] == [RuleName.CONFIG]
    assert [f.rule for f in watch.present] == [RuleName.LINE_DOWN]
    assert take(watch, states("grind_line", config_hash="other"))[1] == []
    assert {f.subject for f in watch.present} == {"weld_line", "grind_line"}
    assert take(watch, states(is_armed=False))[1] == [], "it is still there"
    assert take(watch, states(), states("grind_line"))[1] == [RuleName.LINE_DOWN, RuleName.CONFIG]


def test_what_has_become_a_warning_has_passed() -> None:
    watch, _ = watching()
    bad, near = (
        states(drives=tuple(replace(d, measured_position_m=at_m) for d in states().drives))
        for at_m in (-1.0, 0.000095)
    )
    take(watch, bad)
    passed = take(watch, near)[1]
    assert RuleName.DEPTH_FLOOR in passed
    assert [f.is_warning for f in watch.present if f.rule is RuleName.DEPTH_FLOOR] == [True]


@pytest.mark.parametrize(
    ("changes", "is_excused"),
    [
        ({"stop_cause": "permit lost", "phase": LinePhase.STOPPED}, True),
        ({"stop_cause": "permit lost", "phase": LinePhase.PERMITTED}, False),
        ({"stop_cause": "", "phase": LinePhase.STOPPED}, False),
        ({"stop_cause": "", "phase": LinePhase.PERMITTED, "epoch": EPOCH - 1}, True),
    ],
)
def test_a_stop_is_excused_until_its_bus_obeys_again(changes: dict[str, Any], is_excused: bool) -> None:
    watch, snapshot = watching()
    snapshot.epoch = EPOCH
    snapshot.excused_causes = {"weld_line": "permit lost", "grind_line": "permit lost"}
    take(watch, states(**changes), states("conveyor_line"))
    assert ("weld_line" in snapshot.excused_causes) is is_excused
    assert "grind_line" in snapshot.excused_causes


def event(rule: RuleName, subject: str, text: str) -> Finding:
    return Finding(rule, subject, text, is_event=True)


@pytest.mark.parametrize(
    ("fault", "found"),
    [
        (
            InputFault(FaultKind.NEW_SESSION, "setpoint", "robot", "7 to 8"),
            event(RuleName.SESSION, "robot", "restarted"),
        ),
        (
            InputFault(FaultKind.SECOND_SESSION, "setpoint", "robot", "7"),
            event(RuleName.SESSION, "robot", "runs twice"),
        ),
        (
            InputFault(FaultKind.LATE_STEP, "", "", "by 0.1 s"),
            event(RuleName.LATE, "interlock", "by 0.1 s"),
        ),
        (
            InputFault(FaultKind.OVERFLOW, "setpoint", "", "more than 10"),
            event(RuleName.LATE, "setpoint", "more than 10"),
        ),
        (
            InputFault(FaultKind.STALE, "drive_states", "weld_line", "0.1 s"),
            event(RuleName.LINE_LOST, "weld_line", "0.1 s"),
        ),
        (
            InputFault(FaultKind.STALE, "setpoint", "robot", "0.2 s"),
            event(RuleName.STATION_LOST, "robot", "0.2 s"),
        ),
        (
            InputFault(FaultKind.STALE, "cell_permit", "cell_manager", "0.2 s"),
            event(RuleName.MANAGER_LOST, "cell_manager", "0.2 s"),
        ),
        (InputFault(FaultKind.MALFORMED, "setpoint", "robot", "nan"), None),
        (InputFault(FaultKind.REORDERED, "setpoint", "robot", "7"), None),
    ],
)
def test_what_the_runtime_noticed_is_an_event(fault: InputFault, found: Finding | None) -> None:
    assert events_of((fault,), heard()) == ((found,) if found else ())
    if found:
        assert events_of((fault, fault), heard()) == (found, found)


def test_the_silence_of_those_who_were_never_heard_is_none() -> None:
    snapshot = Snapshot(CELL_LIMITS)
    for port, source in (
        ("drive_states", "weld_line"),
        ("setpoint", "robot"),
        ("cell_permit", "cell_manager"),
    ):
        assert events_of((InputFault(FaultKind.STALE, port, source),), snapshot) == ()
    snapshot.setpoint_at_s["robot"] = 0.0
    assert len(events_of((InputFault(FaultKind.STALE, "setpoint", "robot"),), snapshot)) == 1


def test_malformed_and_reordered_messages_are_counted() -> None:
    faults = tuple(InputFault(kind, "setpoint", count=2 ** int(kind)) for kind in FaultKind)
    assert discarded_of(faults) == 2**FaultKind.MALFORMED + 2**FaultKind.REORDERED
    assert discarded_of(()) == 0


def test_of_each_station_the_newest_setpoint_counts() -> None:
    first, second, other = (
        Setpoint(station, program, guard=Guard(station, 1, seq, 0.0))
        for station, program, seq in (("robot", "a", 1), ("robot", "b", 2), ("spindle", "c", 1))
    )
    assert newest_setpoints(Arrived({"setpoint": (first, other, second)})) == {
        "robot": second,
        "spindle": other,
    }
