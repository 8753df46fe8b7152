"""The ROS edge of messages: one field list, no value lost, no foreign number let in."""

import importlib
import re
from dataclasses import asdict, dataclass, fields, is_dataclass
from enum import IntEnum
from math import isnan
from pathlib import Path
from typing import Any, get_args, get_type_hints

import cell_msgs.msg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rclpy.serialization import deserialize_message, serialize_message

from cell_controller import messages as m
from cell_controller.nodes import convert
from cell_controller.packml import Command, Mode, State
from cell_controller.runtime.ports import ACTIONS, SERVICES, TOPICS
from cell_controller.runtime.unit import Action, Service

SOURCES = Path(__file__).parents[3] / "src" / "cell_msgs"
TYPES = convert.MESSAGE_TYPES
UNSIGNED_BITS = {"uint8": 8, "uint16": 16, "uint32": 32, "uint64": 64}


def ros_fields(ros_class: Any) -> list[str]:
    return list(ros_class.get_fields_and_field_types())


def wire_fields(kind: type, skip: tuple[str, ...] = ()) -> list[str]:
    return [convert.wire_name(f.name) for f in fields(kind) if f.name not in skip]


def test_every_topic_has_a_message_and_every_message_a_dataclass() -> None:
    assert {port.type for port in TOPICS} <= set(TYPES)
    sources = {path.stem for path in (SOURCES / "msg").glob("*.msg")}
    assert sources == {kind.__name__ for kind in TYPES}


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
def test_dataclass_and_message_have_the_same_fields_in_the_same_order(kind: type) -> None:
    assert ros_fields(convert.ros_type(kind)) == wire_fields(kind)


def test_messages_that_were_built_before_the_code_changed_are_refused_with_the_remedy() -> None:
    @dataclass(frozen=True)
    class Heartbeat:
        guard: m.Guard
        mood: int

    with pytest.raises(convert.OtherMessagesError, match=r"in Heartbeat \(mood\): `make setup`"):
        convert.ros_type(Heartbeat)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
def test_a_service_carries_all_of_its_dataclasses_but_the_request_id(service: Service) -> None:
    ros = convert.ros_service(service)
    assert ros_fields(ros.Request) == wire_fields(service.request, ("request_id",))
    assert ros_fields(ros.Response) == wire_fields(service.reply, ("request_id",))


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_an_action_carries_all_of_its_dataclasses_but_the_goal_id(action: Action) -> None:
    ros = convert.ros_action(action)
    assert ros_fields(ros.Goal) == wire_fields(action.goal, ("goal_id",))
    assert ros_fields(ros.Feedback) == wire_fields(m.GoalFeedback, ("goal_id",))
    assert ros_fields(ros.Result) == wire_fields(m.GoalResult, ("goal_id",))


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
def test_the_result_codes_of_an_action_are_the_outcomes_in_its_band(action: Action) -> None:
    source = (SOURCES / f"action/{action.name.title()}.action").read_text()
    got = dict(re.findall(r"^uint16 (\w+)=(\d+)", source, re.MULTILINE))
    assert got == {o.name: str(action.code(o)) for o in m.Outcome}


def test_every_action_of_the_wire_is_one_that_units_can_serve() -> None:
    assert {a.name.title() for a in ACTIONS} == {path.stem for path in (SOURCES / "action").glob("*.action")}


ENUMS = (
    *(e for e in vars(m).values() if isinstance(e, type) and issubclass(e, IntEnum)),
    Command,
    Mode,
    State,
)


def enum_of(kind: type, name: str, hint: Any) -> type[IntEnum] | None:
    if isinstance(hint, type) and issubclass(hint, IntEnum):
        return hint
    if kind is m.CellCommand and name == "command":
        return Command
    if kind is m.CellState and name == "state":
        return State
    return Mode if name == "mode" and kind in (m.CellCommand, m.CellState, m.CellPermit, m.Order) else None


ENUM_FIELDS = [
    (kind, field.name, enum)
    for kind in TYPES
    for field in fields(kind)
    if (enum := enum_of(kind, field.name, get_type_hints(kind)[field.name])) is not None
]


@pytest.mark.parametrize(("kind", "name", "enum"), ENUM_FIELDS, ids=lambda v: getattr(v, "__name__", v))
def test_the_constants_of_a_message_are_the_enumeration(kind: type, name: str, enum: type[IntEnum]) -> None:
    ros = convert.ros_type(kind)
    prefix = f"{name.upper()}_"
    got = {
        n.removeprefix(prefix): getattr(ros, n)
        for n in re.findall(
            r"^uint8 (\w+)=", (SOURCES / f"msg/{kind.__name__}.msg").read_text(), re.MULTILINE
        )
        if n.startswith(prefix)
    }
    wanted = {e.name: e.value for e in enum}
    if enum is Command:
        wanted["SET_MODE"] = m.SET_MODE
    if enum is Mode:
        got.setdefault("INVALID", 0)
    assert got == wanted


@pytest.mark.parametrize("path", sorted(SOURCES.glob("[mas][sr][gvc]*/*")), ids=lambda path: path.stem)
def test_every_field_says_what_it_means(path: Path) -> None:
    silent = [line for line in path.read_text().splitlines() if re.match(r"[\w\[\]]+ [a-z]\w*\s*$", line)]
    assert not silent, f"{path.name}: no comment at {silent}"


def values_of(kind: type, ros: Any, skip: tuple[str, ...] = ()) -> st.SearchStrategy[Any]:
    """Any value of a dataclass that its ROS message can hold."""
    hints = get_type_hints(kind)
    types = ros.get_fields_and_field_types()
    return st.builds(
        kind,
        **{
            f.name: st.just("fixed")
            if f.name in skip
            else value_of(hints[f.name], types[convert.wire_name(f.name)])
            for f in fields(kind)
        },
    )


def value_of(hint: Any, ros_type: str) -> st.SearchStrategy[Any]:
    arguments = get_args(hint)
    if arguments:
        element = ros_type.removeprefix("sequence<").removesuffix(">")
        return st.lists(value_of(arguments[0], element), max_size=3).map(tuple)
    if is_dataclass(hint) and isinstance(hint, type):
        return values_of(hint, convert.ros_type(hint))
    if issubclass(hint, IntEnum):
        return st.sampled_from(hint)
    if hint is bool:
        return st.booleans()
    if hint is int:
        return st.integers(0, 2 ** UNSIGNED_BITS[ros_type] - 1)
    if hint is float:
        return st.floats()
    return st.text(st.characters(codec="utf-8", exclude_characters="\0"))  # a C string ends at NUL


def same(a: Any, b: Any) -> bool:
    """Equality with NaN equal to NaN, and types compared."""
    if type(a) is not type(b):
        return False
    if isinstance(a, float):
        return a == b or (isnan(a) and isnan(b))
    if isinstance(a, tuple):
        return len(a) == len(b) and all(map(same, a, b))
    if is_dataclass(a):
        return all(same(getattr(a, f.name), getattr(b, f.name)) for f in fields(a))
    return bool(a == b)


@pytest.mark.parametrize("kind", TYPES, ids=lambda kind: kind.__name__)
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_no_value_is_lost_on_the_wire(kind: type, data: st.DataObject) -> None:
    ros = convert.ros_type(kind)
    sent = data.draw(values_of(kind, ros))
    wire = serialize_message(convert.to_ros(kind)(sent))
    assert same(convert.from_ros(kind)(deserialize_message(wire, ros)), sent)


@pytest.mark.parametrize("service", SERVICES, ids=lambda service: service.name)
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_value_of_a_service_is_lost_on_the_wire(service: Service, data: st.DataObject) -> None:
    for kind, ros, encode, decode in (
        (
            service.request,
            convert.ros_service(service).Request,
            convert.request_to_ros(service),
            convert.request_from_ros(service),
        ),
        (
            service.reply,
            convert.ros_service(service).Response,
            convert.reply_to_ros(service),
            convert.reply_from_ros(service),
        ),
    ):
        sent = data.draw(values_of(kind, ros, ("request_id",)))
        wire = deserialize_message(serialize_message(encode(sent)), ros)
        assert same(decode(wire, "fixed"), sent)


@pytest.mark.parametrize("action", ACTIONS, ids=lambda action: action.name)
@settings(max_examples=15, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_value_of_an_action_is_lost_on_the_wire(action: Action, data: st.DataObject) -> None:
    ros = convert.ros_action(action)
    goal = data.draw(values_of(action.goal, ros.Goal, ("goal_id",)))
    message = ros.Goal(**{convert.wire_name(n): v for n, v in asdict(goal).items() if n != "goal_id"})
    wire = deserialize_message(serialize_message(message), ros.Goal)
    assert same(convert.goal_from_ros(action)(wire, "fixed"), goal)
    for kind, target, encode in (
        (m.GoalFeedback, ros.Feedback, convert.feedback_to_ros(action)),
        (m.GoalResult, ros.Result, convert.result_to_ros(action)),
    ):
        sent = data.draw(values_of(kind, target, ("goal_id",)))
        wire = deserialize_message(serialize_message(encode(sent)), target)
        values = tuple(convert.from_ros(m.Parameter)(value) for value in wire.values)
        assert same(values, sent.values)
        assert all(same(getattr(wire, n), getattr(sent, n)) for n in ros_fields(target) if n != "values")


def test_a_number_outside_its_enumeration_is_refused() -> None:
    message = cell_msgs.msg.DriveStates(phase=99)
    with pytest.raises(ValueError, match="99 is not a valid LinePhase"):
        convert.from_ros(m.DriveStates)(message)


def test_nothing_but_the_ros_edge_knows_the_interfaces() -> None:
    assert importlib.util.find_spec("cell_msgs") is not None
    root = Path(convert.__file__).parents[1]
    strangers = [
        path
        for path in root.rglob("*.py")
        if path.parent.name != "nodes"
        and re.search(r"^\s*(import|from) (rclpy|cell_msgs)", path.read_text(), re.MULTILINE)
    ]
    assert not strangers
