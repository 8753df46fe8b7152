"""Serial lines at 115200 baud: how near to the wire's own limit, and what a line and a drive cost.

Every line is a bus as in any cell, a process of its own, on a paced virtual line; nobody commands it, so it
polls. The wire carries a request from when it was written, not from when it came through the pseudo-terminal.
The floor of a rate is what the wire could carry; that of processor time a master that only repeats the same
requests, on the same line, in the same run; that of memory a process with an empty node.
"""

from __future__ import annotations

import select
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.bare_master import TIMEOUT_S
from bench.chain_nodes import end
from bench.crossing import STAMPS, crossing_s
from bench.figure import US, Figure, say
from bench.line_theory import SILENCE_S, Exchange, Manners, manners_of, rate_1_s
from bench.many_lines import Mix, line_name, many_lines
from bench.resources import cpu_s, empty_node_mb, resident_mb
from bench.stage import Stage, child_environment, run_directory, urgently
from bench.watched_line import WatchedLine
from cell_controller.bringup.table import PRIORITIES, Role
from cell_controller.nodes.host import SETTLED_S
from cell_sim.drives import build_line
from cell_sim.plant import build_plant

USUAL = 4  # drives on a line
DRIVES = (1, 4, 8, 16, 32)
LINES = (1, 2, 4, 8)
UP_S = 60.0
ARMING_S = 4.0  # 32 drives, with time for a machine that is busy
LONGEST_S = 10.0  # of each of the many measurements
# A wire is never late, a process that sleeps until a byte is due is, by 60 us and more: it sleeps less.
EARLY_S = 0.00015


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one master while it was watched."""

    exchanges: tuple[tuple[bytes, Exchange], ...]
    manners: Mapping[int, Manners]
    took_s: float
    cpu_s: float
    memory_mb: float

    @property
    def rate_1_s(self) -> float:
        return len(self.exchanges) / self.took_s

    @property
    def cpu_us(self) -> float:
        """Of one exchange."""
        return self.cpu_s / len(self.exchanges) * US

    @property
    def cpu_percent(self) -> float:
        return 100.0 * self.cpu_s / self.took_s

    def theory_1_s(self) -> float:
        """Of this mix of exchanges."""
        return rate_1_s([exchange for _, exchange in self.exchanges], self.manners)


def measure(stage: Stage) -> Iterator[Figure]:
    """One line with four drives; then more drives, and more lines."""
    bare: dict[int, Cost] = {}
    empty_mb = empty_node_mb()
    with run_directory() as run_dir:
        crossing = crossing_s(run_dir, PRIORITIES[Role.BUS])
    yield Figure("pty_crossing_p50", crossing * US, "us", None, STAMPS)
    for drives in DRIVES:
        seconds = stage.seconds if drives == USUAL else min(stage.seconds, LONGEST_S)
        say(f"lines: one with {drives} drives: {2 * seconds:.0f} s and the start of a node")
        (bus,) = _buses(1, drives, seconds, crossing)
        bare[drives] = _bare(drives, bus.exchanges, seconds, crossing)
        yield from _of_line(drives, bus, bare[drives], empty_mb)
    (bus,) = _buses(1, USUAL, stage.seconds, crossing, Mix.WELD)
    yield Figure("line_polls_weld", bus.rate_1_s, "1/s", bus.theory_1_s(), len(bus.exchanges))
    yield Figure("line_cpu_weld", bus.cpu_percent, "% of a core", bare[USUAL].cpu_percent, len(bus.exchanges))
    for lines in LINES:
        seconds = min(stage.seconds, LONGEST_S)
        say(f"lines: {lines}: {seconds:.0f} s and the start of as many nodes")
        yield from _of_lines(lines, _buses(lines, USUAL, seconds, crossing), bare[USUAL], empty_mb)


def _of_line(drives: int, bus: Cost, bare: Cost, empty_mb: float) -> Iterator[Figure]:
    count, theory_1_s = len(bus.exchanges), bus.theory_1_s()
    yield Figure(f"line_polls_{drives}_drives", bus.rate_1_s, "1/s", theory_1_s, count)
    yield Figure(
        f"line_polls_{drives}_drives_bare", bare.rate_1_s, "1/s", bare.theory_1_s(), len(bare.exchanges)
    )
    yield Figure(f"line_cpu_{drives}_drives", bus.cpu_percent, "% of a core", bare.cpu_percent, count)
    yield Figure(f"exchange_cpu_{drives}_drives", bus.cpu_us, "us", bare.cpu_us, count)
    yield Figure(f"line_memory_{drives}_drives", bus.memory_mb, "MB", empty_mb, 1)


def _of_lines(lines: int, buses: Sequence[Cost], bare: Cost, empty_mb: float) -> Iterator[Figure]:
    count = sum(len(b.exchanges) for b in buses)
    rate_1_s, theory_1_s = sum(b.rate_1_s for b in buses), sum(b.theory_1_s() for b in buses)
    yield Figure(f"polls_{lines}_lines", rate_1_s, "1/s", theory_1_s, count)
    mean_us = sum(b.cpu_s for b in buses) / count * US
    yield Figure(f"exchange_cpu_{lines}_lines", mean_us, "us", bare.cpu_us, count)
    yield Figure(f"memory_{lines}_lines", sum(b.memory_mb for b in buses), "MB", lines * empty_mb, lines)


def _buses(
    lines: int, drives: int, seconds: float, crossing: float, mix: Mix = Mix.ALIKE
) -> tuple[Cost, ...]:
    with (
        run_directory() as run_dir,
        _served(lines, drives, run_dir, mix, crossing) as served,
        ExitStack() as stack,
    ):
        masters = []
        for number in range(lines):
            words = [str(lines), str(drives), line_name(number), str(run_dir), mix.value]
            masters.append(_start("bench.line_bus", words, run_dir))
            stack.callback(end, masters[-1])
        return _watch(served, masters, drives, seconds)


def _bare(drives: int, exchanges: Sequence[tuple[bytes, Exchange]], seconds: float, crossing: float) -> Cost:
    """The bus' own requests, the commonest of each drive."""
    first = {e.unit: f"{request.hex()}:{e.reply_bytes}" for request, e in exchanges}
    with (
        run_directory() as run_dir,
        _served(1, drives, run_dir, Mix.ALIKE, crossing) as served,
        ExitStack() as stack,
    ):
        words = [str(run_dir / line_name(0)), str(SILENCE_S), *first.values()]
        master = _start("bench.bare_master", words, run_dir)
        stack.callback(end, master)
        (cost,) = _watch(served, [master], drives, seconds)
        return cost


def _start(module: str, words: Sequence[str], run_dir: Path) -> subprocess.Popen[bytes]:
    environment = child_environment(ROS_LOG_DIR=str(run_dir))
    return subprocess.Popen([sys.executable, "-m", module, *words], env=environment)


@contextmanager
def _served(lines: int, drives: int, run_dir: Path, mix: Mix, crossing: float) -> Iterator[list[WatchedLine]]:
    cell, plan, loaded = many_lines(lines, drives, run_dir, mix)
    plant = build_plant(cell, next(iter(loaded.recipes.values())), now_s=time.monotonic())
    served = []
    with ExitStack() as stack:
        for number in range(lines):
            name = line_name(number)
            manners = {d.unit: manners_of(d.profile) for d in cell.drives_of_line(name).values()}
            line = WatchedLine(
                build_line(cell, name, plan.profiles, plant), run_dir / name, manners, crossing
            )
            line.pty.open()
            stack.callback(line.pty.close)
            served.append(line)
        yield served


def _watch(
    served: Sequence[WatchedLine], masters: Sequence[subprocess.Popen[bytes]], drives: int, seconds: float
) -> tuple[Cost, ...]:
    with urgently(PRIORITIES[Role.PROCESS]):
        deadline_s = time.monotonic() + UP_S
        while any(len(line.units) < drives for line in served):
            _serve(served, 0.1)
            if time.monotonic() > deadline_s or any(m.poll() is not None for m in masters):
                raise RuntimeError("the lines are not polled")
        _serve(served, SETTLED_S + ARMING_S)
        for line in served:
            line.forget()
        begin_s, before_s = time.monotonic(), [cpu_s(m.pid) for m in masters]
        _serve(served, seconds)
        took_s = time.monotonic() - begin_s
        return tuple(
            Cost(
                tuple(line.exchanges),
                line.manners,
                took_s,
                cpu_s(master.pid) - used_s,
                resident_mb(master.pid),
            )
            for line, master, used_s in zip(served, masters, before_s, strict=True)
        )


def _serve(served: Sequence[WatchedLine], seconds: float) -> None:
    """Every line in its own time."""
    end_s = time.monotonic() + seconds
    while (now_s := time.monotonic()) < end_s:
        for line in served:
            line.answer(now_s)
        due_s = min(end_s, now_s + TIMEOUT_S, *(line.due_s for line in served))
        descriptors = [fd for line in served for fd in line.fds]
        left_s = due_s - EARLY_S - time.monotonic()
        ready, _, _ = select.select(descriptors, [], [], max(left_s, 0.0))
        for line in served:
            if line.pty.fd in ready:
                line.take(time.monotonic())
