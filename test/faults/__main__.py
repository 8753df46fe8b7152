"""python -m faults measure --repeats 30 --resume FILE | table --from FILE: see the Makefile."""

import argparse
import os
import sys
import time
from pathlib import Path

ROOT = Path(__file__).parents[2]
CELL = ROOT / "config" / "cells" / "test.yaml"
FILE = ROOT / "docs" / "measured" / "faults.jsonl"
INTERRUPTED = 130  # 128 and SIGINT, as a shell says it


def main() -> int:
    parser = argparse.ArgumentParser(prog="faults", description=__doc__)
    parser.add_argument("do", choices=("measure", "table", "list"))
    parser.add_argument("--repeats", type=int, default=30, help="injections of each row")
    parser.add_argument("--resume", type=Path, default=FILE, help="its file; what is there counts")
    parser.add_argument("--only", action="append", help="rows by their key; see list")
    parser.add_argument("--cell", type=Path, default=CELL, help="cell file")
    options = parser.parse_args()
    os.environ.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 101))
    from faults import campaign, page
    from faults.rows import MEASURED

    if options.do == "list":
        print("\n".join(campaign.keys()))  # noqa: T201
        return 0
    if options.do == "measure":
        options.resume.parent.mkdir(parents=True, exist_ok=True)
        rows = [row for row in MEASURED if not options.only or row.key in options.only]
        try:
            campaign.run(
                options.resume, options.cell, options.repeats, rows, campaign.complain, time.time_ns()
            )
        except KeyboardInterrupt:
            campaign.complain(
                f"stopped; what was measured is in {options.resume}, and goes on with the same command"
            )
            return INTERRUPTED
        return 0
    page.write(options.resume)
    return 0


if __name__ == "__main__":
    sys.exit(main())
