"""ros2 launch cell_controller gazebo.launch.py: Gazebo Harmonic with the cell's world, and the bridge to ROS.

Then, in another terminal: ros2 launch cell_controller cell.launch.py plant:=gazebo. Both files that are
started here come from `cell describe`; another cell names its own: world:=FILE bridge:=FILE namespace:=/cell.
"""

from pathlib import Path

from launch import Action, LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    EmitEvent,
    ExecuteProcess,
    OpaqueFunction,
    RegisterEventHandler,
)
from launch.event_handlers import OnProcessExit
from launch.events import Shutdown
from launch.substitutions import LaunchConfiguration
from launch_ros.actions import Node

DEMO = Path(__file__).parents[1] / "sim" / "worlds" / "demo"  # in the sources and in share/
ARGUMENTS = {
    "world": (str(DEMO / "world.sdf"), "world file"),
    "bridge": (str(DEMO / "bridge.yaml"), "configuration of ros_gz_bridge for this world"),
    "namespace": ("/cell", "ROS namespace of the cell"),
    "gui": ("false", "with Gazebo's window: true or false"),
}


def generate_launch_description() -> LaunchDescription:
    declared = [
        DeclareLaunchArgument(name, default_value=default, description=text)
        for name, (default, text) in ARGUMENTS.items()
    ]
    return LaunchDescription([*declared, OpaqueFunction(function=start)])


def start(context: LaunchContext) -> list[Action]:
    """Server and bridge; one without the other is of no use."""
    given = {name: LaunchConfiguration(name).perform(context) for name in ARGUMENTS}
    for name in ("world", "bridge"):
        if not Path(given[name]).is_file():
            raise FileNotFoundError(
                f"{name}:={given[name]}: no such file; cell describe --out DIR writes one"
            )
    if given["gui"] not in ("true", "false"):
        raise ValueError(f"gui:={given['gui']}: must be true or false")
    server = ExecuteProcess(
        cmd=["gz", "sim", "-r", *(() if given["gui"] == "true" else ("-s",)), given["world"]],
        name="gazebo",
        output="screen",
    )
    bridge = Node(
        package="ros_gz_bridge",
        executable="parameter_bridge",
        name="gazebo_bridge",
        namespace=given["namespace"],
        parameters=[{"config_file": given["bridge"]}],
        output="screen",
    )
    ends = [
        RegisterEventHandler(
            OnProcessExit(
                target_action=process,
                on_exit=[EmitEvent(event=Shutdown(reason="Gazebo or its bridge has ended"))],
            )
        )
        for process in (server, bridge)
    ]
    return [*ends, server, bridge]
