"""ros2 launch cell_controller cell.launch.py cell:=FILE: the same table of nodes that `cell up` reads.

`ros2 launch` neither replaces a dead node safely nor waits for stop programs, and SIGTERM to it orphans every
node: the buses stop the drives by themselves then, and `cell up` is the way to run a machine.
"""

import sys

from launch import LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
)
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.launch_context import LaunchContext
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from cell_controller.bringup.table import DECLARED, LOGGING, NodeSpec, build, parse_arguments, settle

# Later than the longest stop program that `cell check` lets pass: see docs/safety.md.
SIGTERM_AFTER_S = "1"
SIGKILL_AFTER_S = "30"


def generate_launch_description() -> LaunchDescription:
    declared = [
        DeclareLaunchArgument(d.name, description=d.help, default_value=d.default)
        if d.default is not None
        else DeclareLaunchArgument(d.name, description=d.help)
        for d in DECLARED
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=start_cell)])


def start_cell(context: LaunchContext) -> list[object]:
    """The table as launch actions."""
    words = [f"{d.name}:={LaunchConfiguration(d.name).perform(context)}" for d in DECLARED]
    arguments = parse_arguments(words)
    settled, _ = settle(arguments)
    settled.run_dir.mkdir(parents=True, exist_ok=True)
    if settled.trace_dir is not None:
        settled.trace_dir.mkdir(parents=True, exist_ok=True)
    actions: list[object] = [SetEnvironmentVariable("ROS_LOG_DIR", str(settled.run_dir))]
    for spec in build(arguments):
        process = node_action(spec) if spec.is_node else process_action(spec)
        actions.append(process)
        if spec.is_required:
            actions.append(RegisterEventHandler(OnProcessExit(target_action=process, on_exit=_gone(spec))))
    return actions


def node_action(spec: NodeSpec) -> Node:
    """launch_ros adds the same --ros-args as NodeSpec.ros_arguments; a parity test compares them."""
    return Node(
        package=spec.package,
        executable=spec.executable,
        name=spec.name,
        namespace=spec.namespace,
        arguments=list(spec.arguments),
        ros_arguments=list(LOGGING),
        parameters=[*spec.parameter_files, *({name: value} for name, value in spec.parameters)],
        remappings=list(spec.remaps),
        additional_env=dict(spec.environment),
        output="screen",
        sigterm_timeout=SIGTERM_AFTER_S,
        sigkill_timeout=SIGKILL_AFTER_S,
    )


def process_action(spec: NodeSpec) -> ExecuteProcess:
    """What the cell file names besides ROS nodes, such as the simulator."""
    return ExecuteProcess(
        cmd=list(spec.argv(sys.executable)),
        name=spec.name,
        output="screen",
        sigterm_timeout=SIGTERM_AFTER_S,
        sigkill_timeout=SIGKILL_AFTER_S,
    )


def _gone(spec: NodeSpec) -> list[object]:
    """A required process that ends takes the launch down: replacing it is for `cell up`."""
    return [
        LogInfo(msg=f"{spec.name} has ended: the cell is taken down"),
        EmitEvent(event=Shutdown(reason=f"{spec.name} has ended")),
    ]
