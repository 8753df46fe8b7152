"""`cell prove-stop` on real ports: the locks of a cell, its simulator if it has one, the prover's loop."""

from __future__ import annotations

import secrets
import select
import signal
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from importlib.metadata import version

from cell_controller.bringup.children import Child, Output, Print
from cell_controller.bringup.claim import Claim
from cell_controller.bringup.errors import StartError
from cell_controller.bringup.proof_file import keep_proofs
from cell_controller.bringup.supervisor import LEAVE_S, READY_LIMIT_S, READY_WORD
from cell_controller.bringup.table import Arguments, NodeSpec, build
from cell_controller.config import CellFile, LoadedCell
from cell_controller.nodes.serial_port import SerialPort
from cell_controller.plan import CellPlan, load_plan
from cell_controller.proving.proof import Lack, Proof
from cell_controller.proving.prover import Prover, drives_to_prove

DATA_BITS = 8  # Modbus RTU has no other
LONGEST_WAIT_S = 0.1
SIMULATOR_S = 0.02


class StopProof:
    """One run, of every drive, those of one line, or one: `loaded` and `plan` say what for; `run` once."""

    def __init__(
        self, arguments: Arguments, line: str | None, show: Print, *, drive: str | None = None
    ) -> None:
        self.loaded: LoadedCell
        self.plan: CellPlan
        self.loaded, self.plan = load_plan(arguments.cell)
        self._claim = Claim(arguments)
        self._show = show
        self._ready: set[str] = set()
        self._is_given_up = False
        found = drives_to_prove(self.loaded.cell, line)
        self.drives = tuple(name for name in found if drive in (None, name))
        self.proofs: tuple[Proof, ...] = ()
        self.refused: tuple[Lack, ...] = ()
        self.problem = ""

    @property
    def cell(self) -> CellFile:
        """As it stands in the file: what a proof holds for."""
        return self.loaded.cell

    @property
    def is_good(self) -> bool:
        """Every drive that was asked for is proved."""
        return not self.problem and {p.drive for p in self.proofs if p.is_proved} == set(self.drives)

    def give_up(self) -> None:
        """Stop what moves, then end; from a signal handler."""
        self._is_given_up = True

    def run(self) -> None:
        """InUseError and StartError when it cannot begin; what was proved until its end is kept."""
        self._claim.take()
        output = Output(self._hear)
        children = [Child(spec, output, self._claim.descriptors) for spec in self._processes()]
        try:
            for child in children:
                self._start(child)
            self._prove()
        finally:
            for child in children:
                child.send(signal.SIGTERM)
            for child in children:
                if not child.wait(LEAVE_S):
                    child.kill()
                    child.wait(LEAVE_S)
            output.close()
            self._claim.release()

    def _processes(self) -> list[NodeSpec]:
        """What opens the other end of the lines: the simulator, none on a machine."""
        wanted = {line.process for line in self.cell.lines.values()}
        return [spec for spec in build(self._claim.arguments) if not spec.is_node and spec.name in wanted]

    def _hear(self, name: str, line: str) -> None:
        if READY_WORD in line.lower():
            self._ready.add(name)
        self._show(name, line)

    def _start(self, child: Child) -> None:
        child.start()
        deadline_s = time.monotonic() + READY_LIMIT_S
        while child.name not in self._ready and not self._is_given_up:
            if not child.poll():
                raise StartError(child.name, f"exit code {child.exit_codes[-1]}")
            if time.monotonic() > deadline_s:
                raise StartError(child.name, f"no line with the word {READY_WORD!r}")
            time.sleep(SIMULATOR_S)

    def _prove(self) -> None:
        at = datetime.now().astimezone().isoformat(timespec="seconds")
        session = secrets.randbits(40) + 1
        tool = version("cell-controller")
        prover = Prover(self.cell, self.plan, self.drives, session, time.monotonic(), at, tool)
        ports = {name: _port(self._claim.cell, name) for name in self.cell.lines}
        try:
            for name, port in ports.items():
                port.begin(_post(prover, name))
            while not prover.is_over:
                if self._is_given_up:
                    prover.give_up("interrupted")
                _turn(prover, ports)
                while prover.said:
                    self._show("prove-stop", prover.said.popleft())
        finally:
            for port in ports.values():
                port.close()
            self.proofs, self.refused = tuple(prover.proofs), tuple(prover.refused)
            self.problem = prover.problem
            if prover.proofs:
                keep_proofs(self.cell, {p.drive: p for p in prover.proofs})


def _port(cell: CellFile, name: str) -> SerialPort:
    line = cell.lines[name]
    return SerialPort(
        line.device, line.baud, DATA_BITS, line.format.parity, line.format.stop_bits, line.rs485
    )


def _post(prover: Prover, line: str) -> Callable[[str, object], None]:
    return lambda port, message: prover.deliver(line, port, message, time.monotonic())


def _turn(prover: Prover, ports: Mapping[str, SerialPort]) -> None:
    """Wait for bytes or for what is due, then step."""
    waiting = {fd: port for port in ports.values() if (fd := port.fileno()) is not None}
    limit_s = min(max(prover.due_s - time.monotonic(), 0.0), LONGEST_WAIT_S)
    ready, _, _ = select.select(list(waiting), [], [], limit_s)
    for descriptor in ready:
        waiting[descriptor].on_readable(time.monotonic())
    now_s = time.monotonic()
    if prover.due_s <= now_s:
        for name, sent in prover.step(now_s):
            ports[name].handle(sent)
