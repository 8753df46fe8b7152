"""A busy machine: one process per core that computes for ever, at ordinary priority."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

_BURN = "import os\nparent = os.getppid()\nwhile os.getppid() == parent:\n    sum(range(100_000))"


@contextmanager
def burning() -> Iterator[None]:
    """Every core is busy until the end of the block, or of this process."""
    burners = [subprocess.Popen([sys.executable, "-c", _BURN]) for _ in os.sched_getaffinity(0)]
    try:
        yield
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()
