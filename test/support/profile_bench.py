"""Every profile of config/drives in a place of the demo cell that suits its kind, on a bus of its line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from cell_controller.config.values import DriveKind
from cell_controller.drives.profile import DriveProfile, Protocol, Verb, load_profile
from cell_controller.messages import Allowed, DriveState, LinePhase
from cell_sim.drives import VirtualDrive
from support.line_bench import LineBench

DRIVES = Path(__file__).parents[2] / "config" / "drives"
PROFILES = {path.stem: load_profile(path) for path in sorted(DRIVES.glob("*.yaml"))}
PLACES = {
    DriveKind.AXIS: ("conveyor_line", "belt"),
    DriveKind.SPINDLE: ("grind_line", "grind_wheel"),
    DriveKind.IO: ("conveyor_line", "station_io"),
}
COAST_S = 3.0
FULL_RPM = 900.0
FAST_M_S = 0.1


def names(*kinds: DriveKind) -> list[str]:
    """Profiles of these kinds, all without any."""
    return [name for name, profile in PROFILES.items() if not kinds or profile.kind in kinds]


class ProfileBench(LineBench):
    """A line with one drive of a profile in it; `name` is that drive's."""

    def __init__(self, profile: DriveProfile, *, echo: bool = False) -> None:
        line, self.name = PLACES[profile.kind]
        self.profile = profile
        change: dict[str, object] = {"profile": profile.name}
        if profile.kind is DriveKind.SPINDLE:
            change |= {"coast_s": None if profile.sees_coasting else COAST_S}
        elif profile.kind is DriveKind.AXIS:
            change |= {"reference": next(iter(reversed(profile.references)), None)}
        if profile.watchdog.enable:
            change |= {"enable": "drive_enable"}
        changes: dict[str, Mapping[str, object]] = {self.name: change}
        if profile.protocol is not Protocol.MODBUS_RTU:  # its neighbours on the line speak Modbus
            changes["station_io"] = {"line": "safety_line", "unit": 9}
        formats = {f.value: f for f in profile.serial.formats}
        wire = {
            "echo": echo,
            "baud": max(b for b in profile.serial.bauds if b <= 115200),
            "format": formats.get("8N2", profile.serial.formats[0]),
        }
        super().__init__(line, changes=changes, wire=wire, profiles={profile.name: profile})

    @property
    def device(self) -> VirtualDrive:
        """The drive itself."""
        return self.wire.drive(self.name)

    @property
    def seen(self) -> DriveState:
        """What the bus says of it."""
        return self.drive(self.name)

    @property
    def true_speed(self) -> float:
        """Of the machine: rpm of a spindle, m/s of an axis."""
        self.plant.advance(self.now_s)
        if self.profile.kind is DriveKind.SPINDLE:
            return self.plant.spindles[self.name].speed_rpm
        return self.plant.axes[self.name].speed_m_s

    @property
    def stands(self) -> bool:
        limit = 11.0 if self.profile.kind is DriveKind.SPINDLE else 0.0011
        return abs(self.true_speed) <= limit

    @property
    def has_torque(self) -> bool:
        if self.profile.kind is DriveKind.SPINDLE:
            return self.plant.spindles[self.name].is_running
        return self.plant.axes[self.name].is_servo_on

    def arm(self) -> None:
        self.reach(LinePhase.STOPPED, COAST_S + 10.0)

    def enable(self) -> None:
        """Armed, and everything on and holding under a permit."""
        self.arm()
        self.permit(Allowed.HOLD)
        self.reach(LinePhase.PERMITTED)
        assert self.run(5.0, lambda: self.seen.condition in self.profile.enabled_in), self.seen

    def go(self, *, back: bool = False) -> None:
        """Ask for motion by the means that the drive has."""
        sign = -1.0 if back else 1.0
        self._moves = getattr(self, "_moves", 0) + 1
        if self.profile.kind is DriveKind.SPINDLE:
            self.turn(self.name, sign * FULL_RPM)
        elif Verb.PROFILE_MOVE in self.profile.setpoints:
            self.move(self.name, sign * 5.0, FAST_M_S, self._moves)
        else:
            self.velocity(self.name, sign * FAST_M_S)

    def moving(self, *, back: bool = False) -> None:
        """Really in motion, at its speed."""
        if self.default is not Allowed.MOTION:
            self.enable()
            self.programs = dict.fromkeys(self.cell.drives_of_line(self.line_name), self._program)
            self.permit(Allowed.MOTION, new_epoch=False)
        self.go(back=back)
        full = FULL_RPM if self.profile.kind is DriveKind.SPINDLE else FAST_M_S
        wanted = -full if back else full
        assert self.run(10.0, lambda: abs(self.true_speed - wanted) < 0.02 * full), self.seen

    @property
    def _program(self) -> str:
        return "belt_stop" if self.line_name == "conveyor_line" else "grind_stop"

    def run_with_interlock(self, duration_s: float) -> None:
        """As long as everything is armed; else tripped within the period of the interlock."""
        end_s = self.now_s + duration_s
        while self.now_s < end_s:
            if not self.state.is_armed and self.default is not Allowed.STOP_PROGRAM:
                self.permit(Allowed.STOP_PROGRAM)
            self.run(0.02)
