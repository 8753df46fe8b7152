"""Message dataclasses <-> ROS messages: the only place that knows both.

One pair of converters per type is compiled from the dataclass' own fields, so that a field is named in
one place only. cell_msgs has the same names (a test compares them).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass
from enum import IntEnum
from functools import cache
from typing import Any, TypeGuard, get_args, get_type_hints

import cell_msgs.action
import cell_msgs.msg
import cell_msgs.srv

from cell_controller import messages as m
from cell_controller.errors import CellError
from cell_controller.runtime.unit import Action, Service

_srv: Any = cell_msgs.srv  # its names are imported as they are asked for
_SERVICES = {
    "submit_order": _srv.SubmitOrder,
    "get_parts": _srv.GetParts,
    "dispose_part": _srv.DisposePart,
}
_action: Any = cell_msgs.action
_ACTIONS = {"weld": _action.Weld, "grind": _action.Grind, "index": _action.Index}
_WIRE_NAMES = {"operator": "operator_name"}  # the generated C++ code cannot have a member called operator


def wire_name(field: str) -> str:
    """The name of a dataclass' field in its ROS message."""
    return _WIRE_NAMES.get(field, field)


class OtherMessagesError(CellError):
    """The installed messages are older or younger than the code."""

    def __init__(self, message: str, fields_that_differ: tuple[str, ...]) -> None:
        super().__init__(
            f"the installed cell_msgs differ from the code in {message} ({', '.join(fields_that_differ)}): "
            f"`make setup`, or in a workspace `colcon build`, builds them anew"
        )
        self.message, self.fields_that_differ = message, fields_that_differ


@cache
def ros_type(kind: type) -> Any:
    """The ROS message class of a dataclass that leaves the process; OtherMessagesError where they differ."""
    found = getattr(cell_msgs.msg, kind.__name__, None)
    there = set(found.get_fields_and_field_types()) if found is not None else set()
    differing = {wire_name(f.name) for f in fields(kind)} ^ there
    if differing:
        raise OtherMessagesError(kind.__name__, tuple(sorted(differing)))
    return found


def ros_service(service: Service) -> Any:
    """The ROS service class of a Service."""
    return _SERVICES[service.name]


def ros_action(action: Action) -> Any:
    """The ROS action class of an Action."""
    return _ACTIONS[action.name]


def _compile(kind: type, lines: list[str], names: dict[str, Any]) -> Callable[[Any], Any]:
    scope = dict(names)
    exec("\n".join(lines), scope)
    function: Callable[[Any], Any] = scope["convert"]
    return function


def _element(hint: Any) -> Any:
    arguments = get_args(hint)
    return arguments[0] if arguments else None


def _is_message(hint: Any) -> TypeGuard[type]:
    return isinstance(hint, type) and is_dataclass(hint)


@cache
def to_ros(kind: type) -> Callable[[Any], Any]:
    """Compiled converter: dataclass -> ROS message."""
    return _to_ros(kind, ros_type(kind))


def request_to_ros(service: Service) -> Callable[[Any], Any]:
    return _to_ros(service.request, ros_service(service).Request, ("request_id",))


def reply_to_ros(service: Service) -> Callable[[Any], Any]:
    return _to_ros(service.reply, ros_service(service).Response, ("request_id",))


def feedback_to_ros(action: Action) -> Callable[[Any], Any]:
    return _to_ros(m.GoalFeedback, ros_action(action).Feedback, ("goal_id",))


def result_to_ros(action: Action) -> Callable[[Any], Any]:
    return _to_ros(m.GoalResult, ros_action(action).Result, ("goal_id",))


def _to_ros(kind: type, target: Any, skip: tuple[str, ...] = ()) -> Callable[[Any], Any]:
    names: dict[str, Any] = {"target": target}
    lines = ["def convert(value):", "    out = target()"]
    hints = get_type_hints(kind)
    for field in fields(kind):
        name, hint = field.name, hints[field.name]
        if name in skip:
            continue
        item, wire = _element(hint), wire_name(name)
        if _is_message(item):
            names[f"c_{name}"] = to_ros(item)
            lines.append(f"    out.{wire} = [c_{name}(i) for i in value.{name}]")
        elif item is not None:
            lines.append(f"    out.{wire} = list(value.{name})")
        elif _is_message(hint):
            names[f"c_{name}"] = to_ros(hint)
            lines.append(f"    out.{wire} = c_{name}(value.{name})")
        elif issubclass(hint, IntEnum):
            lines.append(f"    out.{wire} = int(value.{name})")
        else:
            lines.append(f"    out.{wire} = value.{name}")
    lines.append("    return out")
    return _compile(kind, lines, names)


@cache
def from_ros(kind: type) -> Callable[[Any], Any]:
    """Compiled converter: ROS message -> dataclass; ValueError for a number outside its enumeration."""
    return _from_ros(kind)


def request_from_ros(service: Service) -> Callable[[Any, str], Any]:
    return _with_id(service.request, "request_id")


def reply_from_ros(service: Service) -> Callable[[Any, str], Any]:
    return _with_id(service.reply, "request_id")


def goal_from_ros(action: Action) -> Callable[[Any, str], Any]:
    return _with_id(action.goal, "goal_id")


def _with_id(kind: type, field: str) -> Callable[[Any, str], Any]:
    """The dataclass has an id that the ROS message leaves to ROS."""
    convert = _from_ros(kind, (field,))

    def with_id(message: Any, value: str) -> Any:
        return convert(message)(value)

    return with_id


def _from_ros(kind: type, skip: tuple[str, ...] = ()) -> Callable[[Any], Any]:
    names: dict[str, Any] = {"kind": kind}
    parts = []
    hints = get_type_hints(kind)
    for field in fields(kind):
        name, hint = field.name, hints[field.name]
        if name in skip:
            continue
        item, wire = _element(hint), wire_name(name)
        if _is_message(item):
            names[f"c_{name}"] = from_ros(item)
            parts.append(f"{name}=tuple(c_{name}(i) for i in v.{wire})")
        elif item is not None:
            names[f"c_{name}"] = item
            parts.append(f"{name}=tuple(c_{name}(i) for i in v.{wire})")
        elif _is_message(hint):
            names[f"c_{name}"] = from_ros(hint)
            parts.append(f"{name}=c_{name}(v.{wire})")
        elif issubclass(hint, IntEnum):
            names[f"c_{name}"] = hint
            parts.append(f"{name}=c_{name}(v.{wire})")
        else:
            parts.append(f"{name}=v.{wire}")
    made = f"kind({', '.join(parts)})"
    if skip:
        made = f"lambda id: kind({skip[0]}=id, {', '.join(parts)})"
    return _compile(kind, ["def convert(v):", f"    return {made}"], names)


MESSAGE_TYPES: tuple[type, ...] = tuple(
    kind
    for name in dir(cell_msgs.msg)
    if is_dataclass(kind := getattr(m, name, None)) and isinstance(kind, type)
)
"""Every dataclass that has a ROS message."""
