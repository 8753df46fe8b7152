"""ros2 launch cell_controller cell.launch.py [cell:=FILE]: the same table of nodes that `cell up` reads.

What `ros2 launch` does not do: it does not see a process that hangs, does not stop the motion before the
processes, and ends with exit code 0 however the cell ended. `cell up` is the way to run a machine.
"""

import atexit
import os
import sys
from collections.abc import Callable
from pathlib import Path

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    LogInfo,
    OpaqueFunction,
    RegisterEventHandler,
    SetEnvironmentVariable,
)
from launch.event_handlers import OnProcessExit, OnProcessStart
from launch.events import Shutdown
from launch.events.process import ProcessExited, ProcessStarted
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

from cell_controller.bringup.claim import Claim
from cell_controller.bringup.table import DECLARED, NodeSpec, build, parse_arguments
from cell_controller.bringup.urgency import losses, make_urgent

DEMO = Path(__file__).parents[1] / "config" / "cells" / "demo.yaml"  # in the sources and in share/
# SIGINT ends stations and manager, SIGTERM lets a bus play its stop program.
SIGTERM_AFTER_S = "1"
# Later than the longest stop program that `cell check` lets pass: see docs/safety.md. What the cell file
# names besides nodes gets its SIGTERM then: the simulator ends by itself when its ports are closed.
SIGKILL_AFTER_S = "30"


def generate_launch_description() -> LaunchDescription:
    defaults = {d.name: d.default for d in DECLARED} | {"cell": str(DEMO)}
    declared = [
        DeclareLaunchArgument(d.name, description=d.help, default_value=defaults[d.name]) for d in DECLARED
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=start_cell)])


def start_cell(context: LaunchContext) -> list[Action]:
    """The table as launch actions."""
    words = [f"{d.name}:={LaunchConfiguration(d.name).perform(context)}" for d in DECLARED]
    arguments = parse_arguments(words)
    claim = Claim(arguments)
    claim.take()
    atexit.register(claim.release)  # later than the end of the last process
    actions: list[Action] = [SetEnvironmentVariable("ROS_LOG_DIR", str(claim.run_dir))]
    specs = build(arguments)
    if priority := max(spec.priority for spec in specs):
        lost = losses(priority, locks_memory=claim.cell.realtime.lock_memory)
        actions += [LogInfo(msg=text) for text in lost]
    for spec in specs:
        process = node_action(spec) if spec.is_node else process_action(spec)
        actions.append(RegisterEventHandler(OnProcessExit(target_action=process, on_exit=_counter(spec))))
        if not spec.is_node:  # nodes see to it themselves
            actions.append(RegisterEventHandler(OnProcessStart(target_action=process, on_start=_urge(spec))))
        actions.append(process)
    return actions


def node_action(spec: NodeSpec) -> Node:
    """The command line is NodeSpec.argv: a test compares them."""
    return Node(
        package=spec.package,
        executable=spec.executable,
        exec_name=spec.name,
        name=spec.name,
        namespace=spec.namespace,
        arguments=list(spec.own_arguments(os.getpid())),
        ros_arguments=list(spec.ros_options),
        remappings=list(spec.remaps),
        additional_env=dict(spec.environment),
        output="screen",
        respawn=spec.respawns > 0,
        respawn_max_retries=spec.respawns,
        sigterm_timeout=SIGTERM_AFTER_S,
        sigkill_timeout=SIGKILL_AFTER_S,
    )


def process_action(spec: NodeSpec) -> ExecuteProcess:
    """What the cell file names besides ROS nodes, such as the simulator."""
    return ExecuteProcess(
        cmd=list(spec.argv(os.getpid(), sys.executable)),
        name=spec.name,
        output="screen",
        sigterm_timeout=SIGKILL_AFTER_S,
        sigkill_timeout=SIGTERM_AFTER_S,
    )


def _urge(spec: NodeSpec) -> Callable[[ProcessStarted, LaunchContext], None]:
    def urge(event: ProcessStarted, context: LaunchContext) -> None:
        make_urgent(spec.priority, event.pid)

    return urge


def _counter(spec: NodeSpec) -> Callable[[ProcessExited, LaunchContext], list[Action]]:
    """Launch starts a dead process again; one that has died too often takes the cell down."""
    deaths = 0

    def count(event: ProcessExited, context: LaunchContext) -> list[Action]:
        nonlocal deaths
        deaths += 1
        if context.is_shutdown:
            return []
        if deaths <= spec.respawns:
            return [LogInfo(msg=f"{spec.name} died: started again, {deaths} of {spec.respawns}")]
        if not spec.is_required:
            return [LogInfo(msg=f"{spec.name} is dead for good")]
        return [
            LogInfo(msg=f"{spec.name} is dead for good: the cell is taken down"),
            EmitEvent(event=Shutdown(reason=f"{spec.name} is dead for good")),
        ]

    return count
