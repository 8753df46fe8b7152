"""DriveStates from bytes to the dataclass and back: the compiled codec against rclpy's own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from rclpy.serialization import deserialize_message, serialize_message

from bench.figure import US, Figure, percentile, say
from bench.stage import Stage, urgently
from cell_controller.bringup.table import PRIORITIES, Role
from cell_controller.messages import DriveStates
from cell_controller.nodes import cdr, convert
from support.interlock_bench import Bench

BATCH = 20  # calls per reading of the clock
LINE = "weld_line"  # four drives: the longest


def measure(stage: Stage) -> Iterator[Figure]:
    """Medians over batches; rclpy's half does not even make the dataclass."""
    say("codec: 2 s")
    message = Bench().buses[LINE].message(1.0)
    data = cdr.encoder(DriveStates)(message)
    ros_type = convert.ros_type(DriveStates)
    ros_message = deserialize_message(data, ros_type)
    decode, encode = cdr.decoder(DriveStates), cdr.encoder(DriveStates)
    yield _against("codec_decode", lambda: decode(data), lambda: deserialize_message(data, ros_type))
    yield _against("codec_encode", lambda: encode(message), lambda: serialize_message(ros_message))


def _against(name: str, ours: Callable[[], object], theirs: Callable[[], object]) -> Figure:
    ours_s: list[float] = []
    theirs_s: list[float] = []
    end_s = time.monotonic() + 0.5
    with urgently(PRIORITIES[Role.INTERLOCK]):
        while time.monotonic() < end_s:
            for call, found in ((ours, ours_s), (theirs, theirs_s)):
                begin_s = time.perf_counter()
                for _ in range(BATCH):
                    call()
                found.append((time.perf_counter() - begin_s) / BATCH)
    return Figure(
        f"{name}_p50", percentile(ours_s, 50) * US, "us", percentile(theirs_s, 50) * US, len(ours_s)
    )
