"""A prover on all virtual lines of a cell, on simulated time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf

from cell_controller.config import CellFile, LoadedCell
from cell_controller.drives.profile import DriveProfile
from cell_controller.messages import LineEvent, LineEventKind, LineRequest, LineRequestKind, Rx, Tx
from cell_controller.plan import load_plan
from cell_controller.plan.load import read_profiles
from cell_controller.plan.make import make_plan
from cell_controller.proving.proof import Proof
from cell_controller.proving.prover import Prover, drives_to_prove
from cell_controller.runtime import Sent
from cell_controller.runtime.ports import LINE_EVENT, RX
from cell_sim.drives import VirtualDrive, VirtualLine, build_lines
from cell_sim.plant import MotionRecord, build_plant
from support.line_bench import CELLS

OPENING_S = 0.001
COAST_S = 2.7


class ProverBench:
    """Steps prover and lines together; `events` are what happens at a time."""

    def __init__(
        self,
        *,
        cell: str = "test",
        line: str | None = None,
        drives: tuple[str, ...] = (),
        change: Callable[[CellFile], CellFile] = lambda found: found,
        profiles: Callable[[dict[str, DriveProfile]], dict[str, DriveProfile]] = lambda found: found,
        coast_s: float = 0.01,  # of the wheel, as its bus believes: so short that nothing waits for it
    ) -> None:
        loaded, _ = load_plan(CELLS / f"{cell}.yaml")
        wheel = loaded.cell.drives["grind_wheel"].model_copy(update={"coast_s": coast_s})
        drives_of = {**loaded.cell.drives, "grind_wheel": wheel}
        changed = change(loaded.cell.model_copy(update={"drives": drives_of}))
        self.loaded: LoadedCell = replace(loaded, cell=changed)
        self.cell = self.loaded.cell
        self.profiles = profiles(read_profiles(loaded)[0])
        self.plan = make_plan(self.loaded, self.profiles)
        self.record = MotionRecord()
        recipe = next(iter(loaded.recipes.values()))
        self.plant = build_plant(self.cell, recipe, record=self.record)
        body = self.plant.spindles["grind_wheel"]
        body.spec = replace(
            body.spec, coast_s=COAST_S
        )  # drag that stops it any sooner would not let it start
        self.lines: dict[str, VirtualLine] = build_lines(self.cell, self.plan.profiles, self.plant)
        wanted = drives or drives_to_prove(self.cell, line)
        self.prover = Prover(self.cell, self.plan, wanted, 1, 0.0, "2026-01-02T03:04:05", "test")
        self.now_s = 0.0
        self.stalled_until_s = 0.0
        self.open: set[str] = set()
        self.sent: list[tuple[float, str, bytes]] = []
        self.events: list[tuple[float, Callable[[], None]]] = []

    def drive(self, name: str) -> VirtualDrive:
        return self.lines[self.cell.drives[name].line].drive(name)

    def open_guard(self) -> None:
        """Somebody breaks the lock."""
        self.plant.open_guard(force=True)

    def stall(self, for_s: float) -> None:
        """The computer has no time for the prover."""
        self.stalled_until_s = self.now_s + for_s

    def at(self, time_s: float, event: Callable[[], None]) -> None:
        self.events.append((time_s, event))

    def run(self, within_s: float = 300.0) -> Prover:
        """To the end of the proof."""
        while not self.prover.is_over:
            due_s = min(line.next_event_s() for line in self.lines.values())
            event_s = min((at_s for at_s, _ in self.events), default=inf)
            prover_s = max(self.prover.due_s, self.stalled_until_s)
            self.now_s = max(self.now_s, min(prover_s, due_s, event_s))
            assert self.now_s < within_s, list(self.prover.said)
            for entry in [e for e in self.events if e[0] <= self.now_s]:
                self.events.remove(entry)
                entry[1]()
            for name, line in self.lines.items():
                data = line.read(self.now_s)
                if data and name in self.open:
                    self.prover.deliver(name, RX.name, Rx(data, self.now_s), self.now_s)
            if max(self.prover.due_s, self.stalled_until_s) <= self.now_s:
                for name, sent in self.prover.step(self.now_s):
                    self._handle(name, sent)
        return self.prover

    def _handle(self, name: str, sent: Sent) -> None:
        message = sent.message
        if isinstance(message, Tx):
            assert name in self.open, "bytes for a port that is not open"
            self.sent.append((self.now_s, name, message.data))
            self.lines[name].write(message.data, self.now_s)
        elif isinstance(message, LineRequest) and message.kind is LineRequestKind.DRAIN:
            self.lines[name].read(self.now_s)
        elif isinstance(message, LineRequest):
            opens = message.kind is LineRequestKind.OPEN
            (self.open.add if opens else self.open.discard)(name)
            event = LineEvent(LineEventKind.OPENED if opens else LineEventKind.CLOSED)
            self.at(
                self.now_s + OPENING_S,
                lambda: self.prover.deliver(name, LINE_EVENT.name, event, self.now_s),
            )

    def proof(self, drive: str) -> Proof:
        return next(p for p in self.prover.proofs if p.drive == drive)

    def last_motion_s(self, drive: str) -> float:
        """When the body behind a drive last moved, of all that is recorded."""
        return max(s.at_s for s in self.record.samples(drive) if abs(s.speed) > 0.0)
