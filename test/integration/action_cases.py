"""What a client of the cell's actions sees of a running cell."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cell_msgs.action
import yaml

from cell_controller.messages import SET_MODE, Outcome
from cell_controller.packml import Command, Mode, State
from cell_controller.runtime import ports
from support.action_client import Client, action_client
from support.live_cell import CLEARS, LiveCell

README = Path(__file__).parents[2] / "README.md"
INDEX_S = 30.0
Result = cell_msgs.action.Index.Result


def readme_goal() -> Any:
    """The goal of the README's `ros2 action send_goal` line: a wrong field or type is an error here."""
    (line,) = (text for text in README.read_text().splitlines() if text.startswith("ros2 action send_goal"))
    words, content = line.split("cell_msgs/action/Index", 1)
    assert words.split()[-1] == f"/cell/{ports.INDEX.name}"
    quoted = content[content.index('"') + 1 : content.rindex('"')]
    return cell_msgs.action.Index.Goal(**yaml.safe_load(quoted))


def goals_are_refused_in_production_and_served_in_maintenance(cell: LiveCell) -> None:
    if cell.state.state != State.STOPPED:
        cell.clear()
    with action_client(cell.client.namespace, cell_msgs.action.Index, ports.INDEX.name) as client:
        cell.start()
        refused = _index(client)
        assert refused.code == Result.REFUSED_OWNED, refused
        assert "mode Production" in refused.detail
        assert not client.feedback
        _stop_and_set(cell, Mode.MAINTENANCE)
        for _ in range(CLEARS):  # a machine that stalls may trip the interlock on the way: then again
            cell.start()
            result = _index(client)
            if result.code != Result.ABORTED:
                break
            cell.clear()
        assert result.code == Result.GOOD == ports.INDEX.code(Outcome.GOOD), result
        phases = [f.phase for f in client.feedback]
        assert "index" in phases, phases
        assert client.feedback[-1].progress > 0.0
        _stop_and_set(cell, Mode.PRODUCTION)


def _index(client: Client) -> Any:
    client.feedback.clear()
    return client.result(client.send(readme_goal()), INDEX_S).result


def _stop_and_set(cell: LiveCell, mode: Mode) -> None:
    cell.must(Command.STOP)
    cell.reach(State.STOPPED, 15.0)
    cell.must(SET_MODE, mode=mode)
