"""Closed sets that travel in messages; numbers are the wire contract of cell_msgs."""

from enum import IntEnum


class Allowed(IntEnum):
    """What the interlock lets one drive do, weakest first."""

    NONE = 0  # stand still; the bus plays the stop program in force if the drive still moves
    HOLD = 1  # ramp down and hold position; not latched
    STOP_PROGRAM = 2  # run the stop program in force, nothing else; latched until a newer epoch
    RECOVERY = 3  # hold-to-run motion at manual speed and limited force
    MOTION = 4  # setpoints inside the limits


class SetpointKind(IntEnum):
    """The kinds of setpoint a drive can take; a profile says which."""

    NONE = 0  # no wish: the drive holds where it stands
    STOP = 1  # ramp down and hold
    MOVE = 2  # profile move: target position, speed, acceleration; the drive interpolates
    VELOCITY = 3  # target speed (axis) or spindle speed
    OUTPUTS = 4  # digital outputs of an I/O module
    REFERENCE = 5  # an axis without absolute encoder finds its zero, as the cell file says; counts as motion


class DriveCondition(IntEnum):
    """State of a drive after CiA 402, plus OFFLINE for a drive that does not answer."""

    OFFLINE = 0
    NOT_READY = 1
    SWITCH_ON_DISABLED = 2
    READY_TO_SWITCH_ON = 3
    SWITCHED_ON = 4
    OPERATION_ENABLED = 5
    QUICK_STOP_ACTIVE = 6
    FAULT = 7


class LinePhase(IntEnum):
    """What a drive bus is doing with its line."""

    CLOSED = 0  # port not open
    ARMING = 1  # identity, watchdogs and volatile settings are written and read back
    STOPPED = 2  # armed, no permit obeyed
    PERMITTED = 3  # obeys LineCommands of the newest epoch
    STOPPING = 4  # plays a stop program


class Permit(IntEnum):
    """What the cell manager asks the interlock to let through."""

    NONE = 0
    HOLD = 1
    MOTION = 2
    RECOVERY = 3


class SafetyPhase(IntEnum):
    """Where the interlock stands."""

    TRIPPED = 0
    HOLD = 1
    MOTION = 2
    RECOVERY = 3


class TaskKind(IntEnum):
    """What an Order asks of a station."""

    NONE = 0
    HOME = 1
    WELD = 2
    GRIND = 3
    INDEX = 4
    RETRACT = 5  # to the safe position without touching a part
    JOG = 6  # recovery permit only
    RECOVER_TOOL = 7  # recovery permit only


class Directive(IntEnum):
    """How the present task is to go on; part of every Order."""

    RUN = 0
    HOLD = 1  # to the next hold point, as the table of the station says
    HOLD_NOW = 2  # leave the material now; the part becomes suspect
    STOP = 3  # controlled end of the task
    ABORT = 4  # drop the task; the interlock is stopping the drives


class TaskResult(IntEnum):
    """Outcome of a station's task, echoed with its id."""

    NONE = 0
    RUNNING = 1
    DONE = 2  # finished; the verdict on the part is in `verdict`
    STOPPED = 3  # ended by Directive.STOP or HOLD_NOW
    ABORTED = 4
    FAILED = 5  # could not be done; detail says why
    REFUSED = 6  # not started; detail says why
    STATION_RESTARTED = 7  # set by the manager when a station comes back with a new session


class Verdict(IntEnum):
    """What is known about a part, or what a task did to it."""

    NONE = 0  # untouched
    GOOD = 1
    BAD = 2
    SUSPECT = 3  # an interrupted process: quarantine, never resume
    REWORK = 4
    SCRAPPED = 5
    RETURNED = 6


class HoldState(IntEnum):
    """How far a station is with Directive.HOLD."""

    RUNNING = 0
    HOLDING = 1
    HELD = 2


class ResultCode(IntEnum):
    """Answer to an operator's command."""

    ACCEPTED = 0
    ILLEGAL = 1  # not legal in the present state or mode
    STALE = 2  # decided on another state_seq
    REPEATED = 3  # this id has been answered before
    INVALID = 4  # malformed: unknown number, empty id, missing operator
    REFUSED = 5  # legal, but a condition is not met (tool in material, part undisposed, not armed)


class RecoveryAction(IntEnum):
    """Hold-to-run actions under a recovery permit."""

    END = 0
    JOG = 1
    RECOVER_TOOL = 2


class PartEventKind(IntEnum):
    """Lines of a part's life."""

    CREATED = 0
    MOVED = 1
    PROCESS_STARTED = 2
    PROCESS_ENDED = 3
    SUSPECT = 4
    DISPOSED = 5
    DELIVERED = 6
    RECOVERED = 7  # found in the journal after a restart


class Disposition(IntEnum):
    """What an operator decides about a part."""

    SCRAP = 0
    REWORK = 1
    RETURN = 2


class Severity(IntEnum):
    """Alarm severity; PackML's alarm record has none."""

    INFO = 0
    WARNING = 1
    STOP = 2
    ABORT = 3
