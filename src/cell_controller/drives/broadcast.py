"""One stop for a whole line: a frame that all drives obey and none answers, before each has its own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from cell_controller.drives.actuation import Stage
from cell_controller.drives.device import Device
from cell_controller.drives.line_time import LineSpeed
from cell_controller.drives.profile import DriveProfile, needs_place
from cell_controller.drives.protocols.modbus import BROADCAST
from cell_controller.drives.protocols.request import Request
from cell_controller.drives.requests import write_shape


def can_broadcast(profiles: Iterable[DriveProfile]) -> bool:
    """All on the line are of one kind, so that the frame means the same to each, and obey unit 0."""
    kinds = {profile.name: profile for profile in profiles}
    if len(kinds) != 1:
        return False
    (profile,) = kinds.values()
    stop = profile.stops.get(profile.hold_category)
    if stop is None or not profile.functions.accepts_broadcast:
        return False
    return not any(needs_place(exchange) for exchange in stop.ramp)


def broadcast_s(speed: LineSpeed, profile: DriveProfile) -> float:
    """What it takes: the frame, the time that the drives have for it, and the silence before the next."""
    ramp = profile.stops[profile.hold_category].ramp
    frame_s = speed.sent_s(write_shape(profile, ramp[0], is_worst=True).request_bytes)
    return frame_s + profile.timing.max_reply_delay_s + speed.silence_s(profile.timing.gap_s)


class Broadcast:
    """Says once in each stop what at least two drives are to be told, and none may not be."""

    def __init__(self, devices: tuple[Device, ...]) -> None:
        self._devices = devices
        self._is_possible = len(devices) > 1 and can_broadcast(d.profile for d in devices)
        self._is_told = False

    def over(self) -> None:
        """No stop is wanted any more."""
        self._is_told = False

    def request(self, now_s: float) -> Request | None:
        """The frame that is due, None when there is none; it counts as said."""
        if not self._is_possible or self._is_told:
            return None
        if not all(device.actuator.may_want_stop for device in self._devices):
            return None  # one of them is to go on: by its stop program, or because only another was let go
        jobs = [job for d in self._devices if (job := d.write_job(now_s, stops_only=True)) is not None]
        requests = {replace(job.request, unit=BROADCAST) for job in jobs}
        are_ramps = all(job.wanted is not None and job.wanted.stage is Stage.RAMP for job in jobs)
        if len(jobs) < 2 or len(requests) > 1 or not are_ramps:
            return None
        self._is_told = True
        return requests.pop()
