"""What the manager's permits amount to: reset edges, an Abort, and the wish for motion."""

from __future__ import annotations

from cell_controller.config import CELL_MANAGER
from cell_controller.messages import CellPermit, Permit, SafetyPhase
from cell_controller.packml import Mode
from cell_controller.safety.findings import Finding, RuleName
from cell_controller.safety.latch import ResetEdge
from cell_controller.safety.snapshot import Snapshot

_MODES_WITH_MOTION = (Mode.PRODUCTION, Mode.MAINTENANCE, Mode.MANUAL)


class PermitWatch:
    """Follows the permits one by one, because some of them count by their change only."""

    def __init__(self) -> None:
        self._edge = ResetEdge()
        self._had_permit = False  # by the permit before, untripped
        self._is_withdrawn = False  # since the last step, whatever has followed
        self._is_motion_released = False  # since the reset the manager has asked for something else

    @property
    def newest_clear_id(self) -> int:
        """The newest reset edge that was seen, whether it led to a reset or not."""
        return self._edge.newest

    def hear(self, permit: CellPermit, phase: SafetyPhase, *, own_session: int, tripped_at_s: float) -> bool:
        """True for a reset edge; each clear_id is used up here."""
        if phase is SafetyPhase.HOLD and permit.permit is not Permit.MOTION:
            self._is_motion_released = True
        is_given = permit.permit is not Permit.NONE
        self._is_withdrawn |= self._had_permit and not is_given
        self._had_permit = is_given
        return self._edge.sees(permit, own_session=own_session, tripped_at_s=tripped_at_s)

    def reset(self) -> None:
        """After a reset a wish for motion that has been there all along does not count."""
        self._is_motion_released = False

    def withdrawal(self, permit: CellPermit | None, *, is_tripped: bool) -> tuple[Finding, ...]:
        """An Abort takes the permit away altogether: that is the stop programs, not a mere hold."""
        is_withdrawn, self._is_withdrawn = self._is_withdrawn, False
        is_given = permit is not None and permit.permit is not Permit.NONE
        self._had_permit = is_given and not is_tripped
        if is_tripped or not is_withdrawn:
            return ()
        text = "has aborted and withdrawn its permit"
        return (Finding(RuleName.ABORT, CELL_MANAGER, text, is_event=True),)

    def wants_motion(self, snapshot: Snapshot) -> bool:
        """A fresh permit of motion in a mode that has motion."""
        permit = snapshot.permit
        return (
            permit is not None
            and snapshot.is_permit_fresh
            and self._is_motion_released
            and permit.permit is Permit.MOTION
            and permit.mode in _MODES_WITH_MOTION
        )
