"""Goals, feedback and results of the actions weld, grind and index; alike but for the part."""

from dataclasses import dataclass
from enum import IntEnum

from cell_controller.messages.guarded import Parameter


class Outcome(IntEnum):
    """What came of a goal; its result code is this plus the band of its action."""

    NONE = 0
    GOOD = 1
    BAD = 2
    SUSPECT = 3  # interrupted in the material, or between two places
    REFUSED_OWNED = 4  # the cell manager is using the station
    REFUSED_RECIPE = 5
    REFUSED_STATE = 6
    STOPPED = 7  # stopped or cancelled, nothing was touched
    FAILED = 8
    ABORTED = 9  # the interlock tripped


@dataclass(frozen=True, slots=True)
class PartGoal:
    """Actions weld and grind: work on the part that lies in the station's place."""

    goal_id: str
    station: str
    operator: str
    recipe: str = ""  # "": the part's own; another one is refused
    part_id: str = ""  # "": the one that the cell knows there


@dataclass(frozen=True, slots=True)
class IndexGoal:
    """Action index: move the belt on by one pitch."""

    goal_id: str
    station: str
    operator: str


@dataclass(frozen=True, slots=True)
class GoalCancel:
    """The client does not want it any more: the station stops its task as its phase table says."""

    goal_id: str


@dataclass(frozen=True, slots=True)
class GoalFeedback:
    """How far a goal is."""

    goal_id: str
    phase: str
    progress: float  # 0 to 1, never falling
    values: tuple[Parameter, ...] = ()


@dataclass(frozen=True, slots=True)
class GoalResult:
    """The one answer to a goal."""

    goal_id: str
    code: int  # an Outcome in the band of the action
    detail: str = ""
    values: tuple[Parameter, ...] = ()
