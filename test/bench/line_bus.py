"""The drive bus of one line of many, on ROS and a serial port as in any cell.

python -m bench.line_bus LINES DRIVES NAME RUN_DIR MIX
"""

from __future__ import annotations

import sys
from pathlib import Path

from bench.many_lines import Mix, many_lines
from cell_controller.bringup.node import DATA_BITS, SWITCH_INTERVAL_S
from cell_controller.bringup.table import PRIORITIES, Role
from cell_controller.bringup.urgency import lock_memory, make_urgent
from cell_controller.drives.bus import DriveBus
from cell_controller.nodes.host import RosHost
from cell_controller.nodes.serial_port import SerialPort


def main(lines: int, drives: int, name: str, run_dir: Path, mix: Mix) -> int:
    """Until SIGTERM."""
    sys.setswitchinterval(SWITCH_INTERVAL_S)
    cell, plan, _ = many_lines(lines, drives, run_dir, mix)
    line = cell.lines[name]
    port = SerialPort(line.device, line.baud, DATA_BITS, line.format.parity, line.format.stop_bits)
    host = RosHost(
        DriveBus(cell, plan, name),
        name,
        "/bench_lines",
        (port,),
        on_settled=lambda: make_urgent(PRIORITIES[Role.BUS]),
    )
    lock_memory()
    return host.run()


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], Path(sys.argv[4]), Mix(sys.argv[5])))
