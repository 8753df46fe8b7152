"""Standard topics: what the display unit says, as the messages that ROS tools know, stamped with ROS time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from geometry_msgs.msg import Quaternion, Transform, TransformStamped, Vector3
from rclpy.node import Node
from rclpy.qos import DurabilityPolicy, HistoryPolicy, QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState
from std_msgs.msg import Header, String
from tf2_msgs.msg import TFMessage

from cell_controller.display import values as v
from cell_controller.nodes.local_io import Post
from cell_controller.runtime import Sent

Convert = Callable[[Any, Time, str], Any]


@dataclass(frozen=True, slots=True)
class StandardTopic:
    """One topic; a name that begins with / is the same for all cells, as tools expect it."""

    port: str
    topic: str
    ros_type: Any
    convert: Convert  # value of the port, time stamp, name of the cell
    depth: int
    is_latched: bool

    @property
    def qos(self) -> QoSProfile:
        """Reliable, as the publishers of these topics are elsewhere."""
        return QoSProfile(
            history=HistoryPolicy.KEEP_LAST,
            depth=self.depth,
            reliability=ReliabilityPolicy.RELIABLE,
            durability=DurabilityPolicy.TRANSIENT_LOCAL if self.is_latched else DurabilityPolicy.VOLATILE,
        )


def joint_state(values: v.JointValues, stamp: Time, cell: str) -> JointState:
    """Names as in the URDF: robot_state_publisher could take it."""
    return JointState(
        header=Header(stamp=stamp),
        name=[j.name for j in values.joints],
        position=[j.position for j in values.joints],
        velocity=[j.velocity for j in values.joints],
        effort=[j.effort for j in values.joints],
    )


def transforms(values: v.Frames, stamp: Time, cell: str) -> TFMessage:
    """The frames of a cell have its name before theirs, so that two cells fit into one tree."""
    return TFMessage(transforms=[_transform(f, stamp, cell) for f in values.frames])


def _transform(frame: v.Frame, stamp: Time, cell: str) -> TransformStamped:
    (tx, ty, tz), (x, y, z, w) = frame.translation_m, frame.rotation
    return TransformStamped(
        header=Header(stamp=stamp, frame_id=frame_id(cell, frame.parent)),
        child_frame_id=frame_id(cell, frame.child),
        transform=Transform(translation=Vector3(x=tx, y=ty, z=tz), rotation=Quaternion(x=x, y=y, z=z, w=w)),
    )


def frame_id(cell: str, link: str) -> str:
    """As robot_state_publisher makes it of its frame_prefix and a link."""
    return f"{cell}/{link}"


def description(value: v.Description, stamp: Time, cell: str) -> String:
    """The URDF as it is: RViz puts the prefix before its links itself ("TF Prefix")."""
    return String(data=value.text)


def diagnostic_array(values: v.Diagnoses, stamp: Time, cell: str) -> DiagnosticArray:
    """Names as the aggregator wants them: the source, a colon, the component."""
    return DiagnosticArray(
        header=Header(stamp=stamp),
        status=[
            DiagnosticStatus(
                level=bytes([s.level]),
                name=f"{cell}: {s.name}",
                message=s.message,
                hardware_id=s.hardware_id,
                values=[KeyValue(key=i.key, value=i.value) for i in s.items],
            )
            for s in values.statuses
        ],
    )


# Depths and durability of robot_state_publisher, tf2_ros and diagnostic_updater in Jazzy.
STANDARD_TOPICS: tuple[StandardTopic, ...] = (
    StandardTopic(v.JOINT_STATES.name, "joint_states", JointState, joint_state, 10, is_latched=False),
    StandardTopic(v.TF.name, "/tf", TFMessage, transforms, 100, is_latched=False),
    StandardTopic(v.TF_STATIC.name, "/tf_static", TFMessage, transforms, 1, is_latched=True),
    StandardTopic(v.ROBOT_DESCRIPTION.name, "robot_description", String, description, 1, is_latched=True),
    StandardTopic(
        v.DIAGNOSTICS.name, "/diagnostics", DiagnosticArray, diagnostic_array, 10, is_latched=False
    ),
)


class StandardTopics:
    """LocalIo of the display unit, and NodeIo: publishers on its node."""

    ports = frozenset(t.port for t in STANDARD_TOPICS)

    def __init__(self) -> None:
        self._send: dict[str, Callable[[object], None]] = {}

    def connect(self, node: Node) -> None:
        cell, clock = node.get_namespace().strip("/"), node.get_clock()
        for topic in STANDARD_TOPICS:
            publisher = node.create_publisher(topic.ros_type, topic.topic, topic.qos)

            def send(value: object, publisher: Any = publisher, convert: Convert = topic.convert) -> None:
                publisher.publish(convert(value, clock.now().to_msg(), cell))

            self._send[topic.port] = send

    def begin(self, post: Post) -> None:
        """Nothing comes from these topics."""

    def fileno(self) -> int | None:
        return None

    def on_readable(self, now_s: float) -> None:
        """Never called: there is no descriptor."""

    def handle(self, sent: Sent) -> None:
        self._send[sent.port](sent.message)

    def close(self) -> None:
        self._send.clear()
