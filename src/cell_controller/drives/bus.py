"""The drive bus: the Unit that owns one serial line.

It polls, publishes states, writes what a fresh permit allows, keeps every watchdog fed and armed, and plays
the stop programs in force by itself when the permit ends. Sans-I/O: bytes and port events are messages.
"""

from __future__ import annotations

from math import inf

from cell_controller.config import INTERLOCK, AxisDrive, CellFile
from cell_controller.drives.conversation import Conversation, Wishes
from cell_controller.drives.device import Device
from cell_controller.drives.goal import OFF, Goal, goal_of, outputs_goal
from cell_controller.drives.line_setup import BusPlan, make_devices, open_masks
from cell_controller.drives.line_time import speed_of
from cell_controller.drives.permit import PermitBook, own_fault
from cell_controller.drives.protocols import codec_of
from cell_controller.drives.report import PUBLISH_S, LineReport, Told
from cell_controller.drives.stopping import LineStop
from cell_controller.messages import (
    Allowed,
    Finished,
    LineCommand,
    LineDrive,
    LineEvent,
    LineEventKind,
    LinePhase,
    LineRequest,
    LineRequestKind,
    Rx,
    StopRequested,
    Tx,
)
from cell_controller.runtime import Input, Inputs, Output, Sent, Service, Step
from cell_controller.runtime.ports import (
    DRIVE_STATES,
    FINISHED,
    LINE_COMMAND,
    LINE_EVENT,
    LINE_REQUEST,
    RX,
    STOP_REQUESTED,
    TX,
)

REOPEN_S = 0.5
# A step this late cannot have kept the permit fresh: it is the cap of every permit.
MAX_LATENESS_S = 0.1
RX_DEPTH = 64  # a host may deliver a frame in pieces


class DriveBus:
    """One line. Phases as the contract has them: CLOSED, ARMING, STOPPED, PERMITTED, STOPPING."""

    services: tuple[Service, ...] = ()
    clients: tuple[Service, ...] = ()
    max_lateness_s = MAX_LATENESS_S

    def __init__(self, cell: CellFile, plan: BusPlan, name: str) -> None:
        line = cell.lines[name]
        self.name = name
        self._speed = speed_of(line)
        self._devices = make_devices(cell, plan, name)
        self._codec = codec_of(d.profile for d in self._devices)
        self._movers = tuple(d for d in self._devices if not d.is_module)
        self._modules = tuple(d for d in self._devices if d.is_module)
        self._programs = cell.programs_of_line(name)
        self._open_masks = open_masks(cell, self._devices)
        self._in_loop = frozenset(
            d.name
            for d in self._devices
            if isinstance(d.drive, AxisDrive) and d.drive.control_bandwidth_hz is not None
        )
        self._permit = PermitBook(name, tuple(d.name for d in self._devices), plan.permit_valid_s)
        self._talk: Conversation | None = None  # while the port is open
        self._phase = LinePhase.CLOSED
        self._stop: LineStop | None = None
        self._in_force: dict[str, str] = {}
        self._reckoned: dict[str, tuple[LineDrive, Goal]] = {}  # newest goal of each drive, and its command
        self._has_permitted_motion = False
        self._stop_cause = ""
        self._stop_cause_epoch = 0
        self._tool_in_material = False
        self._open_at_s = -inf
        self._is_opening = False
        self._leaving = ""  # reason of SIGTERM
        self._is_finished = False
        self._report = LineReport(name, plan.config_hash, self._devices)
        self._out: list[Sent] = []

    @property
    def inputs(self) -> tuple[Input, ...]:
        return (
            LINE_COMMAND.input(wakes=True, sources=(INTERLOCK,), is_for=self._is_mine),
            RX.input(wakes=True, depth=RX_DEPTH),
            LINE_EVENT.input(wakes=True),
            STOP_REQUESTED.input(wakes=True),
        )

    @property
    def outputs(self) -> tuple[Output, ...]:
        return (DRIVE_STATES.output(), TX.output(), LINE_REQUEST.output(), FINISHED.output())

    def _is_mine(self, command: LineCommand) -> bool:
        """The commands of all lines come on one port."""
        return command.line == self.name

    def step(self, inputs: Inputs, now_s: float) -> Step:
        self._out = []
        for event in inputs.new(LINE_EVENT.name, LineEvent):
            self._port_event(event, now_s)
        for stop in inputs.new(STOP_REQUESTED.name, StopRequested):
            self._leaving = self._leaving or stop.reason or "asked to leave"
        is_news = self._listen(inputs.new(RX.name, Rx), now_s)
        is_new = self._permit.take(inputs.new(LINE_COMMAND.name, LineCommand), inputs.session, now_s)
        self._decide(own_fault(inputs), now_s, is_new=is_new)
        self._open(now_s)
        wishes = self._wishes()
        self._speak(wishes, now_s)
        self._publish(now_s, at_once=is_news)
        return Step(tuple(self._out), self._deadline_s(wishes, now_s))

    # Port

    def _port_event(self, event: LineEvent, now_s: float) -> None:
        self._is_opening = False
        if event.kind is LineEventKind.OPENED and not self._is_finished:
            for device in self._devices:
                device.port_opened()
            self._talk = Conversation(self._speed, self._codec, self._devices, now_s)
            self._phase = LinePhase.ARMING
        elif event.kind is not LineEventKind.OPENED:
            if self._phase in (LinePhase.PERMITTED, LinePhase.STOPPING):
                self._note_stop(f"port lost: {event.text}")
            self._talk = self._stop = None
            self._phase = LinePhase.CLOSED
            self._open_at_s = now_s + REOPEN_S
            for device in self._devices:
                device.port_lost()
                device.pursue(OFF)

    def _listen(self, received: tuple[Rx, ...], now_s: float) -> bool:
        """Take what has arrived; True when a control loop waits for it."""
        if self._talk is None:
            return False
        for rx in received:
            self._talk.feed(rx.data, rx.at_s)
        device = self._talk.collect(now_s)
        return device is not None and device.name in self._in_loop

    def _speak(self, wishes: Wishes, now_s: float) -> None:
        if self._talk is None or self._is_finished:
            return
        outgoing = self._talk.talk(wishes, now_s)
        if outgoing is not None:
            if outgoing.drains:
                self._out.append(Sent(LINE_REQUEST.name, LineRequest(LineRequestKind.DRAIN)))
            self._out.append(Sent(TX.name, Tx(outgoing.data)))

    def _wishes(self) -> Wishes:
        order = self._devices
        if self._stop is not None:
            first = self._stop.order
            order = (*first, *(d for d in self._devices if d not in first))
        return Wishes(
            order=order,
            is_stopping=self._phase is LinePhase.STOPPING,
            is_arming=self._phase is LinePhase.ARMING,
            may_reset=self._may_reset(),
        )

    def _may_reset(self) -> bool:
        """Faults are cleared while nothing is permitted, and for a recovery: it needs the drives it moves."""
        if self._phase is LinePhase.PERMITTED:
            return any(self._permit.of(d.name).allowed is Allowed.RECOVERY for d in self._movers)
        return self._phase is LinePhase.STOPPED

    def _open(self, now_s: float) -> None:
        wants = self._talk is None and not self._is_opening and not self._leaving
        if wants and now_s >= self._open_at_s:
            self._is_opening = True
            self._out.append(Sent(LINE_REQUEST.name, LineRequest(LineRequestKind.OPEN)))

    # Decisions

    def _decide(self, own_fault: str, now_s: float, *, is_new: bool) -> None:
        """Phase and goals from permit, arming and what happened to us."""
        if self._talk is None:
            self._leave_if_asked(now_s)
            return
        if self._phase is LinePhase.ARMING and all(d.is_armed and not d.needs_reading for d in self._devices):
            self._phase = LinePhase.STOPPED
            self._stop_what_moves(now_s)
        if self._phase is LinePhase.PERMITTED:
            self._watch_permit(own_fault, now_s)
        elif self._phase is LinePhase.STOPPED and self._permit.is_stop:
            self._permit.close()  # nothing is on, and stays so until a newer epoch
        is_ready = self._phase in (LinePhase.STOPPED, LinePhase.PERMITTED) and not self._leaving
        is_due = is_new or self._phase is not LinePhase.PERMITTED
        if is_ready and is_due and self._permit.may_obey(now_s):
            self._obey()
        if self._modules:
            self._switch_outputs(now_s)
        if self._phase is LinePhase.STOPPING and self._stop is not None:
            self._follow_stop(self._stop, now_s)
        elif self._phase in (LinePhase.ARMING, LinePhase.STOPPED):
            for device in self._movers:
                device.pursue(OFF)
            self._leave_if_asked(now_s)

    def _watch_permit(self, own_fault: str, now_s: float) -> None:
        """PERMITTED ends by the interlock's stop, by a permit that is not renewed, or by ourselves."""
        dropped = [d for d in self._movers if d.has_dropped_out]
        for device in dropped:
            device.disarm()  # it may have lost its power, and its settings with it
        if self._permit.is_stop:
            self._begin_stop("", now_s)
        elif self._leaving:
            self._begin_stop(f"leaving: {self._leaving}", now_s)
        elif own_fault:
            self._begin_stop(own_fault, now_s)
        elif not self._permit.is_fresh(now_s):
            late_s = now_s - self._permit.expires_at_s
            self._begin_stop(f"permit ended, not renewed for {late_s:.3f} s", now_s)
        elif dropped:
            self._begin_stop(f"{', '.join(d.name for d in dropped)} went off without a command", now_s)
        elif untold := [f"{d.name} cannot be told its goal: {d.untold}" for d in self._movers if d.untold]:
            self._begin_stop("; ".join(untold), now_s)

    def _obey(self) -> None:
        if self._phase is not LinePhase.PERMITTED:
            self._phase = LinePhase.PERMITTED
            self._stop_cause = ""
            self._has_permitted_motion = False
        for device in self._movers:
            command = self._permit.of(device.name)
            self._has_permitted_motion |= command.allowed is Allowed.MOTION
            if command.program in self._programs:
                self._in_force[device.name] = command.program
            device.pursue(self._goal_of(device, command))
        if self._has_permitted_motion:  # a recovery, of whatever line, has not brought the tool out yet
            self._tool_in_material = False

    def _goal_of(self, device: Device, command: LineDrive) -> Goal:
        """As reckoned for the same command before: most repeat the last one."""
        last = self._reckoned.get(device.name)
        if last is None or last[0] != command:
            last = command, goal_of(device.profile, device.drive, command)
            self._reckoned[device.name] = last
        return last[1]

    def _note_stop(self, cause: str) -> None:
        self._permit.close()
        self._stop_cause, self._stop_cause_epoch = cause, self._permit.epoch

    def _begin_stop(self, cause: str, now_s: float) -> None:
        """Latched until a newer epoch: the programs in force, or plain stops when nothing was in motion."""
        self._note_stop(cause)
        # After a hold, or a recovery permit (hold-to-run), a stop must not begin a motion: plain stops.
        in_force = self._in_force if self._has_permitted_motion else {}
        self._stop = LineStop(self._devices, self._programs, in_force, now_s)
        self._phase = LinePhase.STOPPING

    def _stop_what_moves(self, now_s: float) -> None:
        """Drives that move when the bus comes up are stopped where they are."""
        moving = [d for d in self._movers if not d.is_standing]
        if moving:
            coasting = ", ".join(d.name for d in moving if d.may_coast)
            is_seen = any(not d.may_coast for d in moving)
            what = "drives were moving" if is_seen else f"{coasting} may have been coasting"
            self._note_stop(f"{what} when the line came up")
            self._stop = LineStop(self._devices, self._programs, {}, now_s)
            self._phase = LinePhase.STOPPING

    def _follow_stop(self, stop: LineStop, now_s: float) -> None:
        stop.update(now_s)
        self._tool_in_material |= stop.tool_in_material
        if stop.is_done(now_s):
            self._stop = None
            self._phase = LinePhase.STOPPED
            for device in self._movers:
                device.pursue(OFF)

    def _switch_outputs(self, now_s: float) -> None:
        """From every fresh command; without one, and after a stop of our own, they open or hold."""
        own_stop = bool(self._stop_cause) and self._permit.epoch <= self._stop_cause_epoch
        is_obeyed = self._permit.is_fresh(now_s) and not own_stop
        for device in self._modules:
            wish = self._permit.of(device.name).setpoint if is_obeyed else None
            device.pursue(outputs_goal(wish, self._open_masks[device.name]))

    def _leave_if_asked(self, now_s: float) -> None:
        """The end, once nothing is left to be stopped or opened on the line."""
        if not self._leaving or self._is_finished:
            return
        if self._talk is not None and any(d.write_job(now_s, stops_only=True) for d in self._devices):
            return
        self._is_finished = True
        self._out.append(Sent(LINE_REQUEST.name, LineRequest(LineRequestKind.CLOSE)))
        self._out.append(Sent(FINISHED.name, Finished(self._leaving)))

    def _publish(self, now_s: float, *, at_once: bool) -> None:
        stop = self._stop
        states = self._report.due(
            now_s,
            Told(
                phase=self._phase,
                epoch=self._permit.epoch,
                program=stop.program if stop else "",
                program_step=stop.step_name if stop else "",
                tool_in_material=self._tool_in_material,
                stop_cause=self._stop_cause,
            ),
            at_once=at_once,
        )
        if states is not None:
            self._out.append(Sent(DRIVE_STATES.name, states))

    def _deadline_s(self, wishes: Wishes, now_s: float) -> float:
        due = [self._report.due_s]
        if self._phase is LinePhase.PERMITTED:
            due.append(self._permit.expires_at_s)
        if self._stop is not None:
            due.append(self._stop.due_s)
        if self._talk is not None and not self._is_finished:
            due.append(self._talk.due_s(wishes, now_s))
        elif self._talk is None and not self._is_opening and not self._leaving:
            due.append(self._open_at_s)
        # Never now again: what is due at this moment has been done, or waits for something else.
        return min(d if d > now_s else now_s + PUBLISH_S for d in due)
