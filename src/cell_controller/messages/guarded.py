"""Guarded messages: every one carries source, session and sequence, and a stream of them is an age.

A message that is malformed, repeated or reordered is discarded and never refreshes an age; a new or
a second session on a stream is reported to the receiving Unit (runtime.guard). Times named
`*_stamp_s` or `*_at_s` are on the monotonic clock of the process that wrote them: they are compared
only by that process itself (echo), never across processes.
"""

from dataclasses import dataclass
from math import nan

from cell_controller.messages.enums import (
    Allowed,
    Directive,
    DriveCondition,
    HoldState,
    LinePhase,
    Permit,
    RecoveryAction,
    SafetyPhase,
    SetpointKind,
    TaskKind,
    TaskResult,
    Verdict,
)


@dataclass(frozen=True, slots=True)
class Guard:
    """Identity of one message in its stream; stamped by the runtime when it is sent."""

    source: str = ""  # name of the sending Unit
    session: int = 0  # random per process start, never 0 on the wire
    seq: int = 0  # counts from 1 in a session
    stamp_s: float = 0.0  # sender's monotonic clock


@dataclass(frozen=True, slots=True)
class Echo:
    """The newest stamp of another stream that the sender has processed."""

    source: str = ""
    session: int = 0
    stamp_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """Sent by every Unit from its own step, every 0.1 s."""

    guard: Guard = Guard()


@dataclass(frozen=True, slots=True)
class DriveSetpoint:
    """What one drive shall do. Fields that do not belong to `kind` are ignored."""

    drive: str
    kind: SetpointKind = SetpointKind.NONE
    move_id: int = 0  # MOVE, REFERENCE: a new number is a new move; the same number repeats it
    target_position_m: float = 0.0  # MOVE
    target_speed_m_s: float = 0.0  # MOVE, REFERENCE (magnitude), VELOCITY of an axis (signed)
    target_acceleration_m_s2: float = 0.0  # MOVE
    target_speed_rpm: float = 0.0  # VELOCITY of a spindle (signed)
    force_limit_n: float = 0.0  # axis, 0: the limit of the cell file
    outputs: int = 0  # OUTPUTS: bit n is channel n
    outputs_mask: int = 0  # OUTPUTS: the channels that this setpoint owns


@dataclass(frozen=True, slots=True)
class LineDrive:
    """Permit and setpoint of one drive."""

    drive: str
    allowed: Allowed = Allowed.NONE
    max_speed_m_s: float = 0.0  # axis, magnitude
    max_speed_rpm: float = 0.0  # spindle, magnitude
    max_force_n: float = 0.0  # axis
    program: str = ""  # stop program in force, "" plain stop
    setpoint: DriveSetpoint = DriveSetpoint("")


@dataclass(frozen=True, slots=True)
class LineCommand:
    """Interlock to one drive bus: permit and setpoints together; every 20 ms and at once on a trip."""

    line: str
    epoch: int = 0
    echo: Echo = Echo()  # newest DriveStates of this line that the interlock has processed
    valid_for_s: float = 0.0  # counted by the bus from the echoed stamp; capped at 0.1
    drives: tuple[LineDrive, ...] = ()
    guard: Guard = Guard()


@dataclass(frozen=True, slots=True)
class DriveState:
    """Measured state of one drive; a value that the drive does not measure is NaN."""

    drive: str
    condition: DriveCondition = DriveCondition.OFFLINE
    is_armed: bool = False  # identity, watchdog and volatile settings written and read back
    is_stopped: bool = False  # measured standstill
    is_homed: bool = False  # absolute encoder, or referenced
    at_target: bool = False  # MOVE or REFERENCE with `move_id` has arrived
    move_id: int = 0  # newest MOVE or REFERENCE that the drive has accepted
    measured_at_s: float = 0.0  # bus clock
    measured_position_m: float = nan
    measured_speed_m_s: float = nan
    measured_force_n: float = nan  # from motor torque, positive in the axis' positive direction
    measured_speed_rpm: float = nan
    measured_torque_nm: float = nan
    measured_current_a: float = nan
    measured_power_w: float = nan
    measured_temperature_c: float = nan
    inputs: int = 0  # I/O module: bit n is digital input n
    outputs: int = 0  # I/O module: read back
    analog_inputs: tuple[float, ...] = ()  # I/O module: raw engineering values of the profile
    fault_code: int = 0
    fault_text: str = ""
    transactions: int = 0
    timeouts: int = 0
    crc_errors: int = 0
    exceptions: int = 0  # the drive refused
    echo_errors: int = 0  # a line that echoes gave back something else
    other_errors: int = 0
    latency_p50_s: float = nan  # first byte sent to whole reply taken, of the newest answers
    latency_p99_s: float = nan
    latency_max_s: float = nan

    @property
    def errors(self) -> int:
        """Of every kind."""
        return self.timeouts + self.crc_errors + self.exceptions + self.echo_errors + self.other_errors


@dataclass(frozen=True, slots=True)
class DriveStates:
    """Drive bus to everybody, at least every 20 ms, also in mid-transaction."""

    line: str
    phase: LinePhase = LinePhase.CLOSED
    epoch: int = 0  # newest the bus has seen; 0 after its start
    is_stopped: bool = False  # every axis and spindle of the line at measured standstill
    is_armed: bool = False  # every drive of the line armed
    config_hash: str = ""  # of the cell file and profiles that the bus read
    program: str = ""  # stop program being played
    program_step: str = ""
    tool_in_material: bool = False  # the program could not bring the tool out
    stop_cause: str = ""  # why the bus stopped in this epoch, "" when it did not
    drives: tuple[DriveState, ...] = ()
    guard: Guard = Guard()


@dataclass(frozen=True, slots=True)
class Setpoint:
    """Station to interlock: what its drives shall do now, and the stop program in force."""

    station: str
    program: str = ""
    based_on: tuple[Echo, ...] = ()  # the drive states it was computed from, one per line
    drives: tuple[DriveSetpoint, ...] = ()
    guard: Guard = Guard()


@dataclass(frozen=True, slots=True)
class ZoneOwner:
    """Grant of one zone; owner "" means nobody may move in it."""

    zone: str
    owner: str = ""


@dataclass(frozen=True, slots=True)
class CellPermit:
    """Cell manager to interlock every 50 ms."""

    mode: int = 0  # packml.Mode
    permit: Permit = Permit.NONE
    zone_owners: tuple[ZoneOwner, ...] = ()
    clear_id: int = 0  # a number not seen before is a reset edge
    echo: Echo = Echo()  # newest SafetyState that the manager has processed
    recover_station: str = ""  # Permit.RECOVERY: the one station that may move
    recover_drive: str = ""  # "" for a recovery task that moves several drives
    guard: Guard = Guard()


@dataclass(frozen=True, slots=True)
class Trip:
    """One rule that tripped, in the order of tripping."""

    rule: str  # name of the rule
    subject: str  # drive, line, station or input it speaks of
    text: str
    value: float = nan
    limit: float = nan
    unit: str = ""
    at_s: float = 0.0  # interlock clock
    is_present: bool = False  # the condition still holds
    is_recoverable: bool = False


@dataclass(frozen=True, slots=True)
class SafetyState:
    """Interlock to everybody, every 20 ms and at once on a change."""

    phase: SafetyPhase = SafetyPhase.TRIPPED
    epoch: int = 0
    first_out: str = ""  # "rule subject: text" of the first trip
    trips: tuple[Trip, ...] = ()
    warnings: tuple[str, ...] = ()
    can_reset: bool = False  # no condition present, every bus armed and echoing the epoch at standstill
    reset_hindrance: str = ""  # why not, in words
    clear_id: int = 0  # newest reset edge seen
    occupied_zones: tuple[str, ...] = ()  # "zone:station", from measured positions
    inputs_on: tuple[str, ...] = ()  # names of safety inputs that are present
    guard: Guard = Guard()


@dataclass(frozen=True, slots=True)
class Parameter:
    """One named number; the unit is in the name."""

    name: str
    value: float


@dataclass(frozen=True, slots=True)
class Order:
    """Cell manager to one station, repeated every 50 ms; idempotent by task_id."""

    station: str
    task_id: int = 0  # 0: no task
    kind: TaskKind = TaskKind.NONE
    directive: Directive = Directive.RUN
    part_id: str = ""
    parameters: tuple[Parameter, ...] = ()
    zones: tuple[str, ...] = ()  # granted to this station
    mode: int = 0
    action: RecoveryAction = RecoveryAction.END  # JOG and RECOVER_TOOL: held down now
    drive: str = ""  # JOG
    speed_m_s: float = 0.0  # JOG, signed
    guard: Guard = Guard()


@dataclass(frozen=True, slots=True)
class StationState:
    """Station to cell manager every 50 ms and at once on a change."""

    station: str
    task_id: int = 0
    phase: str = "idle"  # a name of the station's phase table
    result: TaskResult = TaskResult.NONE
    verdict: Verdict = Verdict.NONE
    detail: str = ""
    hold: HoldState = HoldState.RUNNING
    is_ready: bool = False  # drives enabled, homed, at the safe position: can take a task
    is_clear: bool = False  # outside every shared zone, measured
    tool_in_material: bool = False
    is_stranded: bool = False  # the stop is over, and the tool is still in the material
    zones_wanted: tuple[str, ...] = ()
    program: str = ""
    progress: float = 0.0  # 0 to 1 of the task
    values: tuple[Parameter, ...] = ()  # live process values; the results when the task is done
    places: tuple[bool, ...] = ()  # conveyor: part present, one per place
    is_starved: bool = False
    is_blocked: bool = False
    guard: Guard = Guard()
