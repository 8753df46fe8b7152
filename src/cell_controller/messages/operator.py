"""What operators and displays see: commands, answers, the cell's state, orders and parts."""

from dataclasses import dataclass

from cell_controller.messages.enums import (
    Disposition,
    PartEventKind,
    RecoveryAction,
    ResultCode,
    Severity,
    Verdict,
)
from cell_controller.messages.guarded import Parameter

SET_MODE = 100  # CellCommand.command besides PackML's 1 to 10


@dataclass(frozen=True, slots=True)
class CellCommand:
    """An operator's command. Start-type commands carry the state_seq they were decided on."""

    id: str
    operator: str
    command: int  # packml.Command or SET_MODE
    mode: int = 0  # SET_MODE: packml.Mode
    state_seq: int = 0  # not needed by Stop, Abort, Hold, Suspend
    hold_now: bool = False  # Hold: leave the material now


@dataclass(frozen=True, slots=True)
class CommandResult:
    """The answer to every command."""

    id: str
    operator: str
    command: int
    code: ResultCode
    reason: str = ""
    legal_commands: tuple[int, ...] = ()
    state_seq: int = 0


@dataclass(frozen=True, slots=True)
class RecoveryCommand:
    """Hold-to-run: repeated at 10 Hz or more while held; ends 200 ms after the last fresh one."""

    id: str
    operator: str
    station: str
    action: RecoveryAction
    drive: str = ""
    speed_m_s: float = 0.0
    state_seq: int = 0  # of the newest CellState
    heartbeat: int = 0  # CellState.heartbeat of the newest CellState: proves the link in both directions


@dataclass(frozen=True, slots=True)
class StateTime:
    """PackML StateCurrentTime and StateCumulativeTime of one mode and state."""

    mode: int
    state: int
    current_s: float
    cumulative_s: float


@dataclass(frozen=True, slots=True)
class StopReason:
    """The first event of the present stop."""

    id: int = 0
    source: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class PartState:
    """One part that the cell knows."""

    part_id: str
    order_id: str
    recipe: str
    recipe_hash: str
    place: str  # place of the conveyor, or "out", "removed", "unknown"
    process: str  # "" or the process it is in
    verdict: Verdict
    needs_disposition: bool = False
    results: tuple[Parameter, ...] = ()
    detail: str = ""


@dataclass(frozen=True, slots=True)
class StationSummary:
    """One station as operators see it."""

    station: str
    label: str
    phase: str
    progress: float
    is_online: bool
    tool_in_material: bool
    detail: str = ""
    values: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class CellState:
    """PackML status and admin tags, orders and parts; published on change and every 0.1 s."""

    state: int
    state_requested: int
    is_changing: bool
    mode: int
    state_seq: int
    heartbeat: int
    legal_commands: tuple[int, ...] = ()
    legal_modes: tuple[int, ...] = ()
    stop_reason: StopReason = StopReason()
    is_blocked: bool = False  # PackML EquipmentInterlock.Blocked
    is_starved: bool = False  # PackML EquipmentInterlock.Starved
    stack_light: str = ""  # for example "green flashing"
    mach_speed_parts_per_min: float = 0.0
    cur_mach_speed_parts_per_min: float = 0.0
    recipe_current: str = ""
    order_id: str = ""
    parts_ordered: int = 0
    parts_consumed: int = 0
    parts_processed: int = 0
    parts_good: int = 0
    parts_bad: int = 0
    overlap_fraction: float = 0.0  # of the time with at least one part in process
    availability: float = 0.0
    performance: float = 0.0
    quality: float = 0.0
    oee: float = 0.0
    acc_time_since_reset_s: float = 0.0
    times: tuple[StateTime, ...] = ()
    parts: tuple[PartState, ...] = ()
    stations: tuple[StationSummary, ...] = ()
    clear_hindrance: str = ""  # why Clear would be refused now


@dataclass(frozen=True, slots=True)
class Alarm:
    """PackML alarm record, plus severity and the source it speaks of."""

    id: int
    message: str
    source: str
    category: int
    severity: Severity
    value: float = 0.0
    is_active: bool = True
    raised_at_s: float = 0.0  # monotonic, manager


@dataclass(frozen=True, slots=True)
class Alarms:
    """Active alarms and the newest history, whole each time."""

    active: tuple[Alarm, ...] = ()
    history: tuple[Alarm, ...] = ()


@dataclass(frozen=True, slots=True)
class PartEvent:
    """One line of a part's life; also what the journal stores."""

    part_id: str
    kind: PartEventKind
    order_id: str = ""
    recipe: str = ""
    recipe_hash: str = ""
    place: str = ""
    process: str = ""
    verdict: Verdict = Verdict.NONE
    detail: str = ""
    operator: str = ""
    results: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """Service submit_order: make `quantity` parts of a recipe."""

    request_id: str
    order_id: str
    operator: str
    recipe: str
    quantity: int


@dataclass(frozen=True, slots=True)
class OrderReply:
    """Answer of submit_order."""

    request_id: str
    is_accepted: bool
    reason: str = ""


@dataclass(frozen=True, slots=True)
class PartQuery:
    """Service get_parts: part_id "" asks for all parts of the order, or of the cell when order_id is ""."""

    request_id: str
    part_id: str = ""
    order_id: str = ""


@dataclass(frozen=True, slots=True)
class PartReply:
    """Answer of get_parts."""

    request_id: str
    is_found: bool
    parts: tuple[PartState, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DisposeRequest:
    """Service dispose_part."""

    request_id: str
    operator: str
    part_id: str
    disposition: Disposition
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DisposeReply:
    """Answer of dispose_part."""

    request_id: str
    is_accepted: bool
    reason: str = ""
