"""The cell file's lines, drives and named signals."""

from __future__ import annotations

from math import ceil, pi
from typing import Annotated, Literal

from pydantic import Field

from cell_controller.config.values import (
    Count,
    DriveKind,
    Flag,
    Name,
    Number,
    OnStop,
    Positive,
    ReferenceMethod,
    SerialFormat,
    Strict,
    Text,
)


class Rs485(Strict):
    """How a port switches a half-duplex line between sending and receiving, where its adapter does not."""

    rts_while_sending: Flag = Field(True, description="level of RTS that lets the port send")
    rts_while_receiving: Flag = Field(False, description="level of RTS that lets it listen")
    delay_before_sending_s: float = Field(
        0.0, strict=True, ge=0.0, le=0.1, description="from RTS to the first bit in s, rounded up to whole ms"
    )
    delay_after_sending_s: float = Field(
        0.0, strict=True, ge=0.0, le=0.1, description="from the last bit to RTS in s, rounded up to whole ms"
    )

    @property
    def delay_before_s(self) -> float:
        """As the port's driver keeps it."""
        return whole_ms(self.delay_before_sending_s) / 1000.0

    @property
    def delay_after_s(self) -> float:
        """As the port's driver keeps it; what a drive says in this time is not heard."""
        return whole_ms(self.delay_after_sending_s) / 1000.0


def whole_ms(delay_s: float) -> int:
    """The kernel counts whole ms: the next one, unless the fraction is only that of a number in binary."""
    return ceil(1000.0 * delay_s - 1e-6)


class Line(Strict):
    """One serial line with its own drive bus."""

    device: Text = Field(description="device path; {run_dir} is the directory of the run")
    baud: Literal[9600, 19200, 38400, 57600, 115200] = Field(description="line speed in bit/s")
    format: SerialFormat = Field(description="data bits, parity, stop bits")
    process: Name | None = Field(None, description="process that opens the other end, none on a machine")
    echo: Flag = Field(
        False, description="the adapter hears itself: what it sends comes back before every reply"
    )
    rs485: Rs485 | None = Field(
        None,
        description="direction switched by the port's driver through RTS; none where the adapter does it",
    )


class _Drive(Strict):
    line: Name = Field(description="line that the drive is wired to")
    unit: int = Field(strict=True, ge=1, le=247, description="Modbus unit id, unique on its line")
    profile: Name = Field(description="drive profile, a file of config/drives")
    label: Text = Field(description="name that operators see")


class _Mover(_Drive):
    max_current_a: Positive | None = Field(
        None, description="motor current that trips in A, if it is watched"
    )
    max_temperature_c: Positive | None = Field(
        None, description="temperature of the drive's power stage that trips in C, if it is watched"
    )
    enable: Name | None = Field(
        None, description="output that enables it by wire and opens when its module hears nothing any more"
    )


class AxisDrive(_Mover):
    """A linear axis behind a servo drive; positions count along its positive direction."""

    kind: Literal[DriveKind.AXIS]
    m_per_rev: Positive = Field(description="travel per motor revolution in m")
    absolute: Flag = Field(description="the encoder keeps its position without power; else it must be homed")
    reference: ReferenceMethod | None = Field(
        None, description="how it is homed: here | mark_ahead | mark_back; none for an absolute encoder"
    )
    min_m: Number = Field(description="lower soft limit in m")
    max_m: Number = Field(description="upper soft limit in m")
    max_speed_m_s: Positive = Field(description="speed limit in m/s")
    max_acceleration_m_s2: Positive = Field(description="acceleration limit in m/s²")
    max_force_n: Positive = Field(description="force limit in N, from the motor's torque")
    moving_mass_kg: Positive = Field(description="mass that the axis moves in kg")
    standstill_m_s: Positive = Field(description="slower than this is standstill, in m/s")
    control_bandwidth_hz: Positive | None = Field(
        None, description="bandwidth in Hz of the process loop closed through this axis, if any"
    )
    run_out_s: Positive | None = Field(
        None,
        description="longest time from full speed to standstill without torque in s, where its enable and no "
        "watchdog stops the axis of a silent line",
    )


class Wheel(Strict):
    """The grinding wheel that is mounted."""

    diameter_m: Positive = Field(description="present diameter in m")
    marked_rpm: Positive = Field(description="maximum speed marked on the wheel in rpm")
    permitted_m_s: Positive = Field(description="permitted surface speed in m/s")

    @property
    def surface_limit_rpm(self) -> float:
        """Speed at which the wheel of the present diameter reaches its permitted surface speed."""
        return 60.0 * self.permitted_m_s / (pi * self.diameter_m)

    @property
    def max_speed_rpm(self) -> float:
        """The smaller of the marked speed and that of the permitted surface speed."""
        return min(self.marked_rpm, self.surface_limit_rpm)


class SpindleDrive(_Mover):
    """A spindle behind an inverter."""

    kind: Literal[DriveKind.SPINDLE]
    rpm_per_hz: Positive = Field(description="spindle rpm per Hz of the inverter's output")
    max_speed_rpm: Positive = Field(description="speed limit in rpm")
    ramp_s: Positive = Field(description="time from standstill to max_speed_rpm and back in s")
    inertia_kg_m2: Positive = Field(description="inertia of spindle and tool in kg m²")
    max_torque_nm: Positive = Field(description="torque limit in N m; above it trips")
    max_power_w: Positive | None = Field(None, description="power that trips in W, if it is watched")
    standstill_rpm: Positive = Field(description="slower than this is standstill, in rpm")
    coast_s: Positive | None = Field(
        None,
        description="longest time from full speed to standstill without torque in s, where the inverter "
        "has no encoder and shows 0 while the motor coasts",
    )
    wheel: Wheel | None = Field(None, description="grinding wheel, on a grinding spindle")

    @property
    def permitted_rpm(self) -> float:
        """The spindle's limit, or that of the mounted wheel if it is smaller."""
        return min(self.max_speed_rpm, self.wheel.max_speed_rpm) if self.wheel else self.max_speed_rpm


class IoDrive(_Drive):
    """A remote I/O module."""

    kind: Literal[DriveKind.IO]


Drive = Annotated[AxisDrive | SpindleDrive | IoDrive, Field(discriminator="kind")]


class InputSignal(Strict):
    """A digital input."""

    module: Name = Field(description="I/O module")
    channel: Count = Field(description="channel, from 0")


class AnalogSignal(Strict):
    """An analog input: value = offset + scale x raw, in the unit that ends its name."""

    module: Name = Field(description="I/O module")
    channel: Count = Field(description="channel, from 0")
    scale: Number = Field(description="unit of the signal per raw count")
    offset: Number = Field(description="value at raw 0, in the unit of the signal")


class OutputSignal(Strict):
    """A digital output."""

    module: Name = Field(description="I/O module")
    channel: Count = Field(description="channel, from 0")
    owner: Name = Field(description="station that switches it, or interlock")
    on_stop: OnStop = Field(description="hold | open, also the module's fallback on lost communication")

    @property
    def mask(self) -> int:
        """The channel's bit."""
        return 1 << self.channel


class Signals(Strict):
    """Named channels of the I/O modules."""

    inputs: dict[Name, InputSignal] = Field(description="digital inputs")
    analog: dict[Name, AnalogSignal] = Field(default_factory=dict, description="analog inputs")
    outputs: dict[Name, OutputSignal] = Field(description="digital outputs")
