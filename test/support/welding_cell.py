"""A process that brings the test cell up and welds: python -m support.welding_cell CELL NAMESPACE RUN_DIR."""

import sys
import time
from pathlib import Path

from cell_controller.bringup.table import Arguments
from cell_controller.bringup.up import CellUp
from support.live_cell import READY_S, LiveCell

if __name__ == "__main__":
    cell_file, namespace, run_dir = sys.argv[1:]
    up = CellUp(Arguments(Path(cell_file), namespace, Path(run_dir)))
    try:
        up.start()
        up.wait_ready(READY_S)
        cell = LiveCell(up, up.client)
        cell.clear()
        cell.weld_until_contact()
        sys.stdout.write("welding\n")
        sys.stdout.flush()
        time.sleep(60.0)
    finally:
        up.stop()
