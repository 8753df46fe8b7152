"""The joints of a Gazebo server as a ROS node sees them through the bridge."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping

import rclpy
from rclpy.executors import ExternalShutdownException
from rclpy.experimental import EventsExecutor
from rclpy.node import Node
from rclpy.publisher import Publisher
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64

from cell_controller.errors import CellError
from cell_sim.description.bridge import ROOT, Bridged
from cell_sim.plant.encoder import Heard
from cell_sim.plant.gazebo_mechanics import SILENT_S

ANSWER_S = 10.0  # a bridge has to find its topics first
_NEWEST = QoSProfile(depth=1, reliability=ReliabilityPolicy.BEST_EFFORT)  # type: ignore[no-untyped-call]
_PARKED_M = 0.001
_SPIN_S = 0.5  # without a limit it never returns
_REPEAT_S = 0.1  # a command that reached nobody yet is told again


class NoGazeboError(CellError):
    """Nothing comes over the bridge."""

    def __init__(self, joints: Iterable[str], namespace: str, waited_s: float) -> None:
        super().__init__(
            f"no Gazebo behind {namespace}/{ROOT}: nothing of {', '.join(joints)} within {waited_s:g} s. "
            "Start it with `gz sim -s -r world.sdf` and `ros2 run ros_gz_bridge parameter_bridge --ros-args "
            f"-r __ns:={namespace} -p config_file:=bridge.yaml`, both files from `cell describe`"
        )


class StuckError(CellError):
    """Joints are heard, and do not go where they are sent."""

    def __init__(self, joints: Mapping[str, tuple[float, float]], waited_s: float) -> None:
        where = ", ".join(
            f"{name} is at {at_m:g} m and was sent to {to_m:g} m" for name, (at_m, to_m) in joints.items()
        )
        super().__init__(
            f"Gazebo does not move its joints: {where}, {waited_s:g} s ago. Look into the server's output "
            "for a physics engine that was not found, and whether the world runs and is that of this cell"
        )


class RosJoints:
    """See Joints. A thread takes in what comes; `open` and `close` are explicit."""

    def __init__(self, topics: Iterable[Bridged], namespace: str) -> None:
        self._topics = list(topics)
        self._namespace = namespace
        self._states: dict[str, Heard] = {}
        self._stamps: dict[str, tuple[int, int]] = {}  # simulated time, by the first joint of a message
        self._told: dict[str, tuple[float, float]] = {}  # value, when
        self._publishers: dict[str, Publisher] = {}

    def open(self) -> None:
        """Listen; nothing has been heard yet."""
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = Node(
            "gazebo_plant",
            namespace=self._namespace,
            context=self._context,
            enable_rosout=False,
            start_parameter_services=False,
        )
        for topic in self._topics:
            if topic.ros_type == "sensor_msgs/msg/JointState":
                self._node.create_subscription(JointState, topic.ros_topic, self._hear, _NEWEST)
            elif topic.ros_type == "std_msgs/msg/Float64":
                self._publishers[topic.ros_topic] = self._node.create_publisher(Float64, topic.ros_topic, 10)
        self._is_over = threading.Event()
        self._executor = EventsExecutor(context=self._context)
        self._executor.add_node(self._node)
        self._thread = threading.Thread(target=self._spin, name="gazebo", daemon=True)
        self._thread.start()

    def wait(self, joints: Iterable[str], timeout_s: float = ANSWER_S) -> None:
        """Until every joint was heard of; NoGazeboError if not."""
        deadline_s = time.monotonic() + timeout_s
        while missing := [j for j in joints if self.state(j) is None]:
            if time.monotonic() > deadline_s:
                raise NoGazeboError(missing, self._namespace, timeout_s)
            time.sleep(0.02)

    def park(self, places_m: Mapping[str, float], timeout_s: float = ANSWER_S) -> None:
        """A world begins with all joints at zero: bring the axes to where the machine was left.

        Raises NoGazeboError and StuckError.
        """
        self.wait(places_m, timeout_s)
        deadline_s = time.monotonic() + timeout_s
        while away := [j for j, at_m in places_m.items() if not self._stands_at(j, at_m)]:
            if time.monotonic() > deadline_s:
                lost = [j for j in away if self.state(j) is None]
                if lost:
                    raise NoGazeboError(lost, self._namespace, timeout_s)
                raise StuckError({j: (self._states[j].position, places_m[j]) for j in away}, timeout_s)
            for joint in away:
                self.tell(joint, "target_position", places_m[joint])
            time.sleep(0.02)

    def _stands_at(self, joint: str, at_m: float) -> bool:
        state = self.state(joint)
        return state is not None and abs(state.position - at_m) < _PARKED_M

    def close(self) -> None:
        self._is_over.set()
        self._executor.wake()
        self._thread.join(timeout=2.0)
        self._executor.shutdown(timeout_sec=1.0)
        self._node.destroy_node()  # type: ignore[no-untyped-call]
        rclpy.try_shutdown(context=self._context)

    def state(self, joint: str) -> Heard | None:
        """The newest; None when there is none or it is older than SILENT_S."""
        found = self._states.get(joint)
        return None if found is None or time.monotonic() - found.at_s > SILENT_S else found

    def tell(self, joint: str, what: str, value: float) -> None:
        """Command; the same value is repeated ten times a second only."""
        topic, now_s = f"{ROOT}/{joint}/{what}", time.monotonic()
        told = self._told.get(topic)
        if told is None or told[0] != value or now_s - told[1] > _REPEAT_S:
            self._told[topic] = value, now_s
            self._publishers[topic].publish(Float64(data=value))

    def _hear(self, message: JointState) -> None:
        """A server that is paused goes on telling the same moment: that is no news."""
        stamp = message.header.stamp.sec, message.header.stamp.nanosec
        first = message.name[0] if message.name else ""
        if self._stamps.get(first) == stamp:
            return
        self._stamps[first] = stamp
        now_s = time.monotonic()
        for name, position, speed in zip(message.name, message.position, message.velocity, strict=False):
            self._states[name] = Heard(float(position), float(speed), now_s)

    def _spin(self) -> None:
        try:
            while not self._is_over.is_set():
                self._executor.spin_once(timeout_sec=_SPIN_S)
        except ExternalShutdownException:
            return
