"""Hold-to-run: the button is down while the command runs."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from rich.console import Console

from cell_controller.cli.commanding import ANSWER_S, refuse_unless_accepted
from cell_controller.cli.errors import CliError, RejectedError
from cell_controller.cli.link import connected
from cell_controller.messages import CommandResult, DriveState, RecoveryAction, ResultCode, TaskResult
from cell_controller.nodes.operator_client import OperatorClient

LOOK_S = 0.05
SHOW_S = 0.25
STALE_S = 1.0  # ten states of the cell; the cell itself ends the motion 0.2 s after the last fresh word
LET_GO_S = 0.5  # the axis ramps down; then the position is the one at which it stands
_BAD = (TaskResult.FAILED, TaskResult.REFUSED, TaskResult.ABORTED)


def jog(
    namespace: str, operator: str, drive: str, speed_m_s: float, *, station: str, for_s: float | None
) -> None:
    """Move one drive until `for_s` or Ctrl-C; prints where it was and where it stands then."""
    with connected(namespace, within_s=ANSWER_S, operator=operator, needs_all=True) as client:
        before = _drive(client, drive)
        if before is None:
            names = ", ".join(d.drive for s in client.drive_states.values() for d in s.drives)
            raise CliError(f"the cell has no drive {drive!r}; there are {names or 'none heard'}")
        owner = station or _station_of(client, drive)
        watch = _Watch(client, owner)
        out = Console(highlight=False)
        is_moving = False
        try:
            with client.hold_to_run(owner, RecoveryAction.JOG, drive=drive, speed_m_s=speed_m_s) as button:
                refuse_unless_accepted("Jog", _answer(client, button))
                is_moving = True
                _hold(client, button, for_s, watch.is_done, lambda: _show_drive(out, client, drive))
        finally:
            if is_moving:
                time.sleep(LET_GO_S)
                out.print(f"{drive}: {_where(before)} -> {_where(_drive(client, drive) or before)}")


def recover(namespace: str, operator: str, station: str, *, for_s: float | None) -> None:
    """Bring a tool out until it is, or until `for_s` or Ctrl-C."""
    with connected(namespace, within_s=ANSWER_S, operator=operator, needs_all=True) as client:
        names = [s.station for s in client.wait_for_state(ANSWER_S).stations]
        if station not in names:
            raise CliError(f"the cell has no station {station!r}; there are {', '.join(names) or 'none'}")
        watch = _Watch(client, station)
        out = Console(highlight=False)
        with client.hold_to_run(station, RecoveryAction.RECOVER_TOOL) as button:
            refuse_unless_accepted("Recover", _answer(client, button))
            is_done = _hold(client, button, for_s, watch.is_done, lambda: _show_station(out, client, station))
        is_inside = watch.is_tool_in_material
    if not is_done:
        where = "still in the material" if is_inside else "not in the material, but not at its safe position"
        raise RejectedError(f"{station}: let go before the end; the tool is {where}")
    out.print(f"{station}: the tool is out")


class _Watch:
    """What becomes of the task that a button starts."""

    def __init__(self, client: OperatorClient, station: str) -> None:
        self._client, self._station = client, station
        state = client.station_states.get(station)
        self._former_id = 0 if state is None else state.task_id

    @property
    def is_tool_in_material(self) -> bool:
        """True also when the station is not heard."""
        state = self._client.station_states.get(self._station)
        return state is None or state.tool_in_material

    def is_done(self) -> bool:
        """Raises RejectedError with the station's words when the task ended badly."""
        state = self._client.station_states.get(self._station)
        if state is None or state.task_id in (0, self._former_id):
            return False
        if state.result in _BAD:
            raise RejectedError(f"{self._station} {state.result.name.lower()}: {state.detail or state.phase}")
        return state.result is TaskResult.DONE


def _hold(
    client: OperatorClient,
    button: str,
    for_s: float | None,
    is_done: Callable[[], bool],
    show: Callable[[], None],
) -> bool:
    """True when the task ended by itself, False when let go; raises when the cell ends it."""
    try:
        return _hold_until_done(client, button, for_s, is_done, show)
    except KeyboardInterrupt:  # this is how a button is let go
        return False


def _hold_until_done(
    client: OperatorClient,
    button: str,
    for_s: float | None,
    is_done: Callable[[], bool],
    show: Callable[[], None],
) -> bool:
    began_s = shown_s = fresh_s = now_s = time.monotonic()
    while for_s is None or now_s - began_s < for_s:
        now_s = time.monotonic()
        result = client.result_of(button)
        if result is None or result.code is ResultCode.ACCEPTED:
            fresh_s = now_s
        elif result.code is not ResultCode.STALE or now_s - fresh_s > STALE_S:
            refuse_unless_accepted("Ended by the cell:", result)
        if is_done():
            return True
        if now_s - shown_s >= SHOW_S:
            shown_s = now_s
            show()
        time.sleep(LOOK_S)
    return False


def _answer(client: OperatorClient, button: str) -> CommandResult:
    """The first answer that is not "too late": that one a busy machine gives once in a while."""
    client.wait_until(lambda: client.result_of(button) is not None, ANSWER_S, "the recovery command")
    end_s = time.monotonic() + STALE_S
    while True:
        result = client.result_of(button)
        assert result is not None
        if result.code is not ResultCode.STALE or time.monotonic() > end_s:
            return result
        time.sleep(LOOK_S)


def _station_of(client: OperatorClient, drive: str) -> str:
    """Whose drive it is: only the manager knows, so each station is asked without speed."""
    for station in (s.station for s in client.wait_for_state(ANSWER_S).stations):
        with client.hold_to_run(station, RecoveryAction.JOG, drive=drive) as button:
            result = _answer(client, button)
        if result.code is not ResultCode.INVALID:
            return station
    raise CliError(f"no station moves the drive {drive!r}")


def _drive(client: OperatorClient, name: str) -> DriveState | None:
    return next((d for s in client.drive_states.values() for d in s.drives if d.drive == name), None)


def _where(drive: DriveState) -> str:
    if not math.isnan(drive.measured_position_m):
        return f"{drive.measured_position_m * 1e3:.3f} mm"
    return f"{drive.measured_speed_rpm:.0f} rpm"


def _show_drive(out: Console, client: OperatorClient, name: str) -> None:
    drive = _drive(client, name)
    if drive is not None:
        _status_line(out, f"{name} {_where(drive)}")


def _show_station(out: Console, client: OperatorClient, name: str) -> None:
    state = client.station_states.get(name)
    if state is not None:
        _status_line(out, f"{name} {state.phase} {state.progress:.0%} {state.detail}")


def _status_line(out: Console, text: str) -> None:
    """Overwrites itself on a terminal; says nothing into a file."""
    if out.is_terminal:
        out.file.write(f"\r\033[K{text.strip()}  (Ctrl-C lets go)\r")
        out.file.flush()
