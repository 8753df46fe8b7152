"""A line and its drives as everybody sees them."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from cell_controller.drives.device import Device
from cell_controller.messages import DriveCondition, DriveState, DriveStates, LinePhase

PUBLISH_S = 0.02  # longest time between two DriveStates


@dataclass(frozen=True, slots=True)
class Told:
    """What the bus knows of itself; the fields of DriveStates."""

    phase: LinePhase
    epoch: int
    program: str
    program_step: str
    tool_in_material: bool
    stop_cause: str


class LineReport:
    """Says when DriveStates have to leave, and makes them."""

    def __init__(self, line: str, config_hash: str, devices: tuple[Device, ...]) -> None:
        self._line, self._config_hash, self._devices = line, config_hash, devices
        self.due_s = -inf
        self._published: tuple[object, ...] = ()

    def due(self, now_s: float, told: Told, *, at_once: bool) -> DriveStates | None:
        """Now, if something that others act on has changed, or the last ones are PUBLISH_S old."""
        key = (
            told.phase,
            told.epoch,
            told.stop_cause,
            tuple((s.condition, s.is_armed, s.fault_code, s.inputs) for s in (d.seen for d in self._devices)),
        )
        if not at_once and key == self._published and now_s < self.due_s:
            return None
        self._published = key
        self.due_s = now_s + PUBLISH_S
        return DriveStates(
            line=self._line,
            phase=told.phase,
            epoch=told.epoch,
            is_stopped=all(d.is_standing for d in self._devices if not d.is_module),
            is_armed=all(d.is_armed for d in self._devices),
            config_hash=self._config_hash,
            program=told.program,
            program_step=told.program_step,
            tool_in_material=told.tool_in_material,
            stop_cause=told.stop_cause,
            drives=tuple(drive_state(d) for d in self._devices),
        )


def drive_state(device: Device) -> DriveState:
    """What is known of a drive, in the cell's units; made anew when something about it has changed."""
    if device.shown is None:
        device.shown = _drive_state(device)
    return device.shown


def _drive_state(device: Device) -> DriveState:
    image, code, counted = device.image, device.image.fault_code, device.statistics
    is_told = code != 0 or (device.condition is DriveCondition.FAULT and 0 in device.profile.faults)
    text = device.profile.fault(code).text if is_told else ""
    if not device.is_armed and device.arming.problem:
        text = f"not armed: {device.arming.problem}"
    return DriveState(
        drive=device.name,
        condition=device.condition,
        is_armed=device.is_armed,
        is_stopped=device.is_standing,
        is_homed=image.is_homed,
        at_target=device.at_target(),
        move_id=device.actuator.accepted_move_id,
        measured_at_s=image.measured_at_s if image.is_known else 0.0,
        measured_position_m=image.position_m,
        measured_speed_m_s=image.speed_m_s,
        measured_force_n=image.force_n,
        measured_speed_rpm=image.speed_rpm,
        measured_torque_nm=image.torque_nm,
        measured_current_a=image.current_a,
        measured_power_w=image.power_w,
        measured_temperature_c=image.temperature_c,
        inputs=image.inputs,
        outputs=image.outputs or 0,
        analog_inputs=image.analog_inputs,
        fault_code=code,
        fault_text=text,
        transactions=counted.transactions,
        timeouts=counted.timeouts,
        crc_errors=counted.crc_errors,
        exceptions=counted.exceptions,
        echo_errors=counted.echo_errors,
        other_errors=counted.other_errors,
        latency_p50_s=counted.p50_s,
        latency_p99_s=counted.p99_s,
        latency_max_s=counted.max_s,
    )
