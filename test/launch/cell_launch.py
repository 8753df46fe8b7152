"""The test cell under `ros2 launch`, with the cases that `cell up` has to stand, too.

Run by test_launch.py; by hand, where ROS 2 and this package are installed:

    PYTHONPATH=test launch_test test/launch/cell_launch.py
"""

import os
import signal
import tempfile
import unittest
from pathlib import Path
from typing import ClassVar

import launch_testing
from launch import LaunchDescription
from launch.actions import IncludeLaunchDescription, SetEnvironmentVariable
from launch.launch_description_sources import PythonLaunchDescriptionSource
from launch_testing.actions import ReadyToTest
from launch_testing.asserts import assertExitCodes
from launch_testing.proc_info_handler import ProcInfoHandler

from cell_controller.bringup.table import Arguments, build
from cell_controller.nodes.operator_client import OperatorClient
from integration import cases
from support.launched_cell import LaunchedCell
from support.live_cell import READY_S, LiveCell

ROOT = Path(__file__).parents[2]
NAMESPACE = "/launched"
ARGUMENTS = Arguments(
    ROOT / "config/cells/test.yaml",
    NAMESPACE,
    Path(tempfile.mkdtemp(prefix="launched-")),
    display=True,  # as the launch file has it
)


def generate_test_description() -> LaunchDescription:
    os.environ.setdefault("ROS_AUTOMATIC_DISCOVERY_RANGE", "LOCALHOST")
    given = {"cell": ARGUMENTS.cell, "namespace": NAMESPACE, "run_dir": ARGUMENTS.run_dir}
    cell = IncludeLaunchDescription(
        PythonLaunchDescriptionSource(str(ROOT / "launch" / "cell.launch.py")),
        launch_arguments=[(name, str(value)) for name, value in given.items()],
    )
    # As on a machine: the checks that tests ask for cost the nodes half of their time.
    return LaunchDescription([SetEnvironmentVariable("ROS_PYTHON_CHECK_FIELDS", "0"), cell, ReadyToTest()])


class WhileItRuns(unittest.TestCase):
    """One cell from its first state to a good part. The order matters; unittest sorts by name."""

    cell: ClassVar[LiveCell]
    client: ClassVar[OperatorClient]

    @classmethod
    def setUpClass(cls) -> None:
        cls.client = OperatorClient(NAMESPACE)
        cls.client.open()
        cls.cell = LiveCell(LaunchedCell(ARGUMENTS, cls.client), cls.client)
        cls.cell.until(lambda: not cls.cell.up.missing(), READY_S, "all nodes")

    @classmethod
    def tearDownClass(cls) -> None:
        cls.client.close()

    def test_1_it_comes_up_aborted_and_tripped(self) -> None:
        cases.comes_up_aborted_and_tripped(self.cell)

    def test_2_bad_commands_change_nothing(self) -> None:
        cases.commands_that_are_illegal_stale_repeated_or_malformed_change_nothing(self.cell)

    def test_3_stop_type_commands_are_never_stale(self) -> None:
        cases.stop_type_commands_are_never_refused_for_staleness(self.cell)

    def test_4_no_start_is_obeyed_twice(self) -> None:
        cases.an_old_abort_is_obeyed_and_no_start_is_obeyed_twice(self.cell)

    def test_5_the_state_seq_changes_with_the_state(self) -> None:
        cases.a_state_seq_changes_with_the_state_and_with_nothing_else(self.cell)

    def test_6_the_commands_of_the_readme_work(self) -> None:
        cases.the_commands_of_the_readme_work(self.cell)

    def test_7_a_dead_bus_comes_back_and_a_person_is_needed(self) -> None:
        cases.a_weld_survives_nothing_but_a_person(self.cell, "weld_line", signal.SIGKILL)

    def test_8_a_good_part_is_made(self) -> None:
        cases.a_good_part_is_made(self.cell)


@launch_testing.post_shutdown_test()
class AfterShutdown(unittest.TestCase):
    def test_every_process_has_ended_well(self, proc_info: ProcInfoHandler) -> None:
        """The bus that was killed by its last life."""
        assertExitCodes(proc_info)
        assert len(proc_info.process_names()) == len(build(ARGUMENTS))

    def test_nothing_is_left(self) -> None:
        assert LaunchedCell(ARGUMENTS, OperatorClient(NAMESPACE)).pids() == {}
