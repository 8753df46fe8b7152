"""One trial: a bus on a hostile line, an interlock that permits and stops, and what must hold all the while.

- Nothing raises, and the bus never steps twice at one moment without end.
- An answer that the bus believes is one by the oracle, and begins before its request's timeout and drain
  are over. Those that another request had asked for, or that nobody had (forged, or valid by chance), are
  counted apart.
- A drive obeys a setpoint that can move it only while motion is permitted.
- After a stop everything stands within the line's budget, unless answers are forged: a drive that lies about
  its own stop is a matter for the interlock, the relay and the drive's own safety function.
"""

from __future__ import annotations

import random
import traceback
from collections import Counter
from dataclasses import dataclass, field

from cell_controller.drives.device import Device
from cell_controller.drives.job import Job
from cell_controller.drives.profile import Protocol
from cell_controller.drives.transaction import Ended
from cell_controller.messages import Allowed, LinePhase
from cell_sim.plant.record import MOTION_KINDS
from fuzz.hostile import HONEST, HostileWire, Trick
from fuzz.tongues import TONGUES
from support.line_bench import WAY_S, LineBench
from support.profile_bench import PROFILES, ProfileBench

LINES = ("weld_line", "grind_line", "conveyor_line", "safety_line")  # of the demo cell
OTHERS = {  # instead of the belt's drive; a line with one of these has no other
    Protocol.DYNAMIXEL: "robotis_dynamixel_x",
    Protocol.EZI_SERVO: "fastech_ezi_servo",
}
MOVES = {
    "weld_line": ("weld_x", "weld_y"),
    "grind_line": ("grind_traverse", "grind_infeed"),
    "conveyor_line": ("belt",),
    "safety_line": (),
}
TURNS = {"weld_line": "weld_spindle", "grind_line": "grind_wheel"}
PHASE_S = (0.2, 1.5)
LAST_COMMAND_S = 0.1  # a permit's longest validity
STEPS_AT_ONCE = 200
TRIAL_S = 20.0  # simulated; about a thousand exchanges
STANDSTILL_SHARE = 3.0  # of the configured standstill: the bus' own measure plus noise


class FuzzError(AssertionError):
    """A trial has found something; the message names seed and moment."""


@dataclass(slots=True)
class Counts:
    """What many trials add up to."""

    protocol: str = ""  # "" for all of them
    exchanges: int = 0
    believed: Counter[str] = field(default_factory=Counter)  # by origin
    refused: int = 0
    silent: int = 0
    tricks: Counter[str] = field(default_factory=Counter)
    moves: int = 0  # setpoints that drives obeyed, under a permit
    stops: int = 0  # that were watched to standstill
    simulated_s: float = 0.0

    def add(self, other: Counts) -> None:
        self.exchanges += other.exchanges
        self.believed.update(other.believed)
        self.refused += other.refused
        self.silent += other.silent
        self.tricks.update(other.tricks)
        self.moves += other.moves
        self.stops += other.stops
        self.simulated_s += other.simulated_s


class Trial:
    """`seed` decides everything."""

    def __init__(self, seed: str) -> None:
        self.seed = seed
        self._stream = stream = random.Random(f"{seed}/trial")
        self.bench = self._make_bench(stream.choice((Protocol.MODBUS_RTU, *OTHERS)))
        self.line = self.bench.line_name
        profiles = self.bench.plan.profiles
        drives = self.bench.cell.drives_of_line(self.line).values()
        self.protocol = next(profiles[drive.profile].protocol for drive in drives)
        self._tongue = TONGUES[self.protocol]
        self.is_forged = stream.random() < 0.25
        tricks = tuple(Trick)[1:] if self.is_forged else HONEST[1:]
        share = stream.choice((0.02, 0.1, 0.3, 0.8))
        self.wire = HostileWire(self.bench.wire, self._tongue, random.Random(f"{seed}/wire"), share, tricks)
        self.bench.wire = self.wire  # type: ignore[assignment]
        self.counts = Counts(protocol=self.protocol.value)
        self._permitted: list[tuple[float, float]] = []  # when motion was commanded
        self._sent = 0

    def _make_bench(self, protocol: Protocol) -> LineBench:
        if protocol in OTHERS:
            return ProfileBench(PROFILES[OTHERS[protocol]])
        return LineBench(self._stream.choice(LINES))

    def run(self, duration_s: float) -> Counts:
        """Raises FuzzError at the first thing that must not be."""
        with _watching(self):
            end_s = self.bench.now_s + duration_s
            while self.bench.now_s < end_s:
                self._phase()
        self._judge_motion()
        counts = self.counts
        counts.exchanges, counts.simulated_s = len(self.bench.sent), self.bench.now_s
        counts.tricks.update(self.wire.counts)
        return counts

    def fail(self, words: str) -> None:
        raise FuzzError(f"{self.place}: {words}")

    @property
    def place(self) -> str:
        """Where and when the trial is."""
        return f"seed {self.seed}, {self.protocol} on {self.line}, t={self.bench.now_s:.6f} s"

    # What the interlock does

    def _phase(self) -> None:
        bench, stream = self.bench, self._stream
        choice = stream.choice(("motion", "motion", "hold", "stop", "silence", "restart"))
        if choice == "motion" and bench.states and bench.state.phase is not LinePhase.PERMITTED:
            bench.permit(Allowed.HOLD)
            self._run(stream.uniform(*PHASE_S))
        if choice == "motion":
            self._move()
        elif choice == "hold":
            bench.permit(Allowed.HOLD, new_epoch=stream.random() < 0.5)
            self._run(stream.uniform(*PHASE_S))
        elif choice == "restart":
            bench.start(session=stream.randrange(1, 1 << 40))
            bench.states.clear()
            bench.default = Allowed.STOP_PROGRAM
            self._run(stream.uniform(*PHASE_S))
        else:
            self._stop(is_silent=choice == "silence")

    def _move(self) -> None:
        bench, stream = self.bench, self._stream
        bench.default = Allowed.MOTION
        began_s = bench.now_s
        for drive in MOVES[self.line]:
            bench.move(
                drive, stream.uniform(0.02, 0.25), stream.uniform(0.01, 0.2), stream.randrange(1, 1 << 20)
            )
        if self.line in TURNS:
            bench.turn(TURNS[self.line], stream.uniform(-1.0, 1.0) * 900.0)
        self._run(stream.uniform(*PHASE_S))
        bench.default = Allowed.STOP_PROGRAM  # commanded anew by whoever comes next
        self._permitted.append((began_s, bench.now_s + LAST_COMMAND_S + WAY_S))
        self._stop(is_silent=stream.random() < 0.3)

    def _stop(self, *, is_silent: bool) -> None:
        """By command or by the silence of the interlock; then watch until everything has to stand."""
        bench = self.bench
        bench.is_commanding = not is_silent
        bench.default = Allowed.STOP_PROGRAM
        plans = [bench.plan.drives[n] for n in bench.cell.drives_of_line(self.line)]
        watchdog_s = max((p.watchdog_s or 0.0 for p in plans), default=0.0)
        self._run(bench.plan.lines[self.line].stop_time_s + watchdog_s)
        since_s = bench.now_s
        self._run(0.3)
        bench.is_commanding = True
        if not self.is_forged:
            self._judge_standstill(since_s)
        self.counts.stops += 1

    # What must hold

    def _run(self, duration_s: float) -> None:
        """Time may stand still for a handful of steps, not more."""
        bench = self.bench
        end_s, last_s, steps = bench.now_s + duration_s, -1.0, bench.runner.steps
        while bench.now_s < end_s:
            bench.run(min(0.05, end_s - bench.now_s))
            if bench.now_s == last_s or bench.runner.steps - steps > STEPS_AT_ONCE * 50:
                self.fail(f"{bench.runner.steps - steps} steps in {bench.now_s - last_s:.6f} s")
            last_s, steps = bench.now_s, bench.runner.steps

    def judge(self, device: Device, job: Job, ended: Ended) -> None:
        """The bus has done with a request."""
        if ended.reply is None:
            refused = any(p.data for p in self.wire.heard)
            self.counts.refused += refused
            self.counts.silent += not refused
            return
        heard = self.wire.heard
        data = b"".join(p.data for p in heard)
        words = self._tongue.fault_of(self.wire.request, data)
        if words:
            self.fail(f"{device.name} believed {data.hex(' ')} after {self.wire.request.hex(' ')}: {words}")
        began_s = heard[0].end_s - len(heard[0].data) * self.wire.line.char_s
        timing = device.profile.timing
        if began_s > self.wire.request_end_s + timing.timeout_s + timing.drain_s:
            self.fail(f"{device.name} believed an answer that began at {began_s:.6f} s")
        origins = {p.origin for p in heard}
        self.counts.believed["own" if origins == {"own"} else "+".join(sorted(origins - {"own"}))] += 1

    def _judge_motion(self) -> None:
        for name in self.bench.cell.drives_of_line(self.line):
            for at_s, kind, value in self.bench.events_of(name):
                if kind not in MOTION_KINDS or value == 0.0:
                    continue
                self.counts.moves += 1
                if not any(from_s <= at_s <= to_s for from_s, to_s in self._permitted):
                    self.fail(f"{name} obeyed {kind} {value} at {at_s:.6f} s without a permit")

    def _judge_standstill(self, since_s: float) -> None:
        for name, drive in self.bench.cell.drives_of_line(self.line).items():
            limit = getattr(drive, "standstill_m_s", None) or getattr(drive, "standstill_rpm", None)
            if limit is None:
                continue
            for sample in self.bench.record.samples(name, since_s):
                if abs(sample.speed) > STANDSTILL_SHARE * limit:
                    self.fail(f"{name} still moves at {sample.speed:g} after its budget")


def run_trial(seed: str) -> Counts:
    """A whole trial; here, because a spawned process does not find what stands in a __main__."""
    trial = Trial(seed)
    try:
        return trial.run(TRIAL_S)
    except FuzzError:
        raise
    except Exception as error:  # in words: what a process raises may not survive the way to its parent
        words = "".join(traceback.format_exception(error))
        raise FuzzError(f"{trial.place}: {words}") from error


class _watching:  # noqa: N801 - used as a statement
    """Every end of a request goes past the trial's judge."""

    def __init__(self, trial: Trial) -> None:
        self._trial = trial

    def __enter__(self) -> None:
        self._ended = Device.ended
        trial, ended_before = self._trial, Device.ended

        def ended(device: Device, job: Job, how: Ended, now_s: float) -> None:
            trial.judge(device, job, how)
            ended_before(device, job, how, now_s)

        Device.ended = ended  # type: ignore[method-assign]

    def __exit__(self, *_: object) -> None:
        Device.ended = self._ended  # type: ignore[method-assign]
