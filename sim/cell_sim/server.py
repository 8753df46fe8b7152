"""The simulator as a process: one pseudo-terminal per line, the machine behind them in real time.

    python -m cell_sim.server CELL.yaml --run-dir DIR [--motion-file FILE] [--profiles DIR] [--plant MODEL]

It ends 5 s after its last port was closed, or on SIGTERM; not with its parent, so that it sees the controller
die. `DIR/sim.sock` takes commands, one JSON object per line (see control.py); times are CLOCK_MONOTONIC.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import select
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

from cell_controller.config import PlantModel
from cell_controller.config.loader import LoadedCell, load_cell
from cell_controller.errors import CellError
from cell_sim.control import Control
from cell_sim.drives import VirtualLine, build_lines, load_profiles
from cell_sim.plant import CellPlant, MotionRecord, build_plant
from cell_sim.plant.gazebo_mechanics import Joints
from cell_sim.plant.record import CELL, Entry, as_json
from cell_sim.ptys import PathInUseError, Pty, RunDirLock

LINGER_S = 5.0  # after the last port was closed: long enough to see a stop program end
_TICK_S = 0.05  # longest time between two looks at everything
_USERS_S = 0.05  # between two looks at who holds the ports
_FLUSH_S = 0.1
_NICE = -10  # ahead of ordinary processes, behind real-time ones
_KEEP = 1000  # entries in memory; the file has them all


class MotionFile:
    """Every entry of the record as one JSON line."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._flushed_s = 0.0

    def write(self, entry: Entry) -> None:
        self._file.write(json.dumps(as_json(entry), separators=(",", ":")) + "\n")

    def flush(self, now_s: float) -> None:
        if now_s - self._flushed_s >= _FLUSH_S:
            self._flushed_s = now_s
            self._file.flush()


class ControlSocket:
    """The listening socket and its clients."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._clients: dict[int, tuple[socket.socket, bytearray]] = {}

    def open(self) -> None:
        """Listen; an old socket of a dead simulator is replaced (the run directory is locked by us)."""
        self._path.unlink(missing_ok=True)
        self._listener.bind(str(self._path))
        self._listener.listen(4)
        self._listener.setblocking(False)

    def close(self) -> None:
        for client, _ in self._clients.values():
            client.close()
        self._clients.clear()
        self._listener.close()
        self._path.unlink(missing_ok=True)

    @property
    def fds(self) -> list[int]:
        return [self._listener.fileno(), *self._clients]

    def serve(self, fd: int, control: Control, now_s: float) -> None:
        """One of our descriptors is readable."""
        if fd == self._listener.fileno():
            client, _ = self._listener.accept()
            client.setblocking(False)
            self._clients[client.fileno()] = (client, bytearray())
            return
        client, buffer = self._clients[fd]
        try:
            data = client.recv(65536)
            buffer += data
            while b"\n" in buffer:
                line, _, rest = bytes(buffer).partition(b"\n")
                buffer[:] = rest
                client.sendall(json.dumps(_answer(line, control, now_s)).encode() + b"\n")
        except OSError:
            data = b""
        if not data:
            del self._clients[fd]
            client.close()


def _answer(line: bytes, control: Control, now_s: float) -> dict[str, object]:
    try:
        command = json.loads(line)
    except ValueError as error:
        return {"ok": False, "error": f"not JSON: {error}"}
    if not isinstance(command, dict):
        return {"ok": False, "error": "not a JSON object"}
    return control.obey(command, now_s)


class Server:
    """The loop: bytes in, time on, bytes out."""

    def __init__(
        self,
        loaded: LoadedCell,
        run_dir: Path,
        profiles_dir: Path,
        model: PlantModel,
        motion: MotionFile,
        now_s: float,
        joints: Joints | None = None,
    ) -> None:
        cell = loaded.resolve(run_dir)
        self.motion = motion
        recipe = next(iter(loaded.recipes.values()))
        record = MotionRecord(motion.write, keep=_KEEP)
        self.plant: CellPlant = build_plant(
            cell, recipe, model=model, now_s=now_s, record=record, joints=joints
        )
        self.lines: dict[str, VirtualLine] = build_lines(cell, load_profiles(cell, profiles_dir), self.plant)
        self.ptys = {n: Pty(Path(line.device)) for n, line in cell.lines.items() if line.process is not None}
        self.control = Control(cell, self.plant, self.lines, self._plug)
        self.socket = ControlSocket(run_dir / "sim.sock")
        self._is_asked_to_end = False
        self._was_used = False
        self._unused_since_s = now_s
        self._looked_s = now_s
        self._users: frozenset[str] = frozenset()

    def _plug(self, name: str, is_plugged: bool) -> None:
        pty = self.ptys[name]
        if is_plugged and pty.fd is None:
            pty.open()
        elif not is_plugged:
            pty.close()

    def end(self) -> None:
        """Leave the loop at its next turn."""
        self._is_asked_to_end = True

    def open(self) -> None:
        for pty in self.ptys.values():
            pty.open()
        self.socket.open()

    def close(self) -> None:
        for pty in self.ptys.values():
            pty.close()
        self.socket.close()

    def run(self) -> None:
        """Until nobody needs us any more."""
        while not self._is_asked_to_end:
            now_s = time.monotonic()
            self._look_at_users(now_s)
            if self._was_used and not self._users and now_s - self._unused_since_s > LINGER_S:
                return
            for name, line in self.lines.items():
                if line.next_event_s() <= now_s:
                    self._to_port(name, line.read(now_s))
            self._wait(now_s)
        self.plant.advance(time.monotonic())

    def _wait(self, now_s: float) -> None:
        due_s = min(line.next_event_s() for line in self.lines.values())
        timeout_s = min(max(due_s - time.monotonic(), 0.0), _TICK_S)
        ports = {
            pty.fd: name for name, pty in self.ptys.items() if name in self._users and pty.fd is not None
        }
        readable, _, _ = select.select([*ports, *self.socket.fds], [], [], timeout_s)
        now_s = time.monotonic()
        for fd in readable:
            if fd in ports:
                self._from_port(ports[fd], now_s)
            elif fd in self.socket.fds:
                self.socket.serve(fd, self.control, now_s)
        if not readable and timeout_s >= _TICK_S:
            self.plant.advance(now_s)
        self.motion.flush(now_s)

    def _from_port(self, name: str, now_s: float) -> None:
        data, line = self.ptys[name].read(), self.lines[name]
        if data:
            self._to_port(name, line.read(now_s))  # what was on the wire before these bytes
            line.master_baud = self.ptys[name].baud  # a port is opened first and set a moment later
            line.write(data, now_s)
        elif not self.ptys[name].has_user:
            self._users -= {name}

    def _to_port(self, name: str, data: bytes) -> None:
        if data and name in self.ptys and name in self._users:
            self.ptys[name].write(data)

    def _look_at_users(self, now_s: float) -> None:
        if self._users and now_s - self._looked_s < _USERS_S:
            return
        self._looked_s = now_s
        users = frozenset(name for name, pty in self.ptys.items() if pty.has_user)
        if users:
            self._unused_since_s = now_s
        self._users = users
        self._was_used = self._was_used or bool(users)


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="cell_sim.server", description="simulated drives on pseudo-terminals"
    )
    parser.add_argument("cell", type=Path, help="cell file")
    parser.add_argument("--run-dir", type=Path, required=True, help="directory of the run; holds the ports")
    parser.add_argument(
        "--motion-file", type=Path, help="true motion as JSON lines; default RUN_DIR/motion.jsonl"
    )
    parser.add_argument("--profiles", type=Path, help="drive profiles; default as the cell file says")
    parser.add_argument("--plant", type=PlantModel, help="physics; default as the cell file says")
    return parser.parse_args(argv)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the simulator; 0 when it ended as it should, 2 when it could not start."""
    options = _arguments(argv)
    run_dir: Path = options.run_dir.resolve()
    run_dir.mkdir(parents=True, exist_ok=True)
    motion_path: Path = options.motion_file or run_dir / "motion.jsonl"
    lock = RunDirLock(run_dir)
    try:
        loaded = load_cell(options.cell)
        lock.acquire()
    except CellError as error:
        print(f"simulator: {error}", file=sys.stderr)  # noqa: T201 - the only way to be heard
        return 2
    simulation = loaded.cell.simulation
    model = options.plant or (simulation.plant if simulation else PlantModel.ANALYTIC)
    profiles = options.profiles or loaded.profiles_dir
    joints = None
    if model is PlantModel.GAZEBO:
        from cell_sim.gazebo.start import connected  # ROS is needed by this plant alone

        try:
            joints = connected(loaded.cell, next(iter(loaded.recipes.values())))
        except CellError as error:
            print(f"simulator: {error}", file=sys.stderr)  # noqa: T201
            lock.release()
            return 2
    with motion_path.open("w", encoding="utf-8") as file:
        server = Server(loaded, run_dir, profiles, model, MotionFile(file), time.monotonic(), joints)
        signal.signal(signal.SIGTERM, lambda *_: server.end())
        for ignored in (signal.SIGINT, signal.SIGHUP):
            signal.signal(ignored, signal.SIG_IGN)
        _run_first()
        server.plant.record.event(server.plant.now_s, CELL, str(options.cell.resolve()))
        try:
            server.open()
            _say(f"simulator ready: {len(server.ptys)} lines")
            server.run()
        except PathInUseError as error:
            print(f"simulator: {error}", file=sys.stderr)  # noqa: T201
            return 2
        finally:
            server.close()
            if joints is not None:
                joints.close()
            lock.release()
    return 0


def _run_first() -> None:
    """A machine does not slow down because the controller's computer is busy; without the right, it does."""
    gc.freeze()
    try:
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)
    except PermissionError:
        return


def _say(text: str) -> None:
    """One line to whoever started us; nobody listening is no reason to stop."""
    try:
        print(text, flush=True)  # noqa: T201
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


if __name__ == "__main__":
    sys.exit(main())
