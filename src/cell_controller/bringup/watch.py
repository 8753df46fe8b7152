"""What the supervisor decides about one process: pure, so that it can be tested without one."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import inf

HANG_S = 2.0  # twenty heartbeats
# Interpreter, imports and discovery of all at once on a machine with two cores: 3 to 9 s alone, up to 40 s
# beside a load of 17 (measured).
START_LIMIT_S = 60.0


class Verdict(Enum):
    """What is to be done about a process."""

    FINE = "fine"
    KILL = "kill"  # it hangs: from now on it counts as dead
    RESPAWN = "respawn"
    LOST = "lost"  # dead for good


@dataclass(frozen=True, slots=True)
class Sight:
    """What is known about a process now."""

    is_running: bool
    is_node: bool  # has heartbeats
    started_at_s: float
    heard_at_s: float  # newest heartbeat, of whatever life; -inf before the first
    starts: int
    respawns: int  # allowed


def judge(sight: Sight, now_s: float) -> Verdict:
    """A dead process is replaced `respawns` times; a silent one is killed first."""
    if not sight.is_running:
        return Verdict.RESPAWN if sight.starts <= sight.respawns else Verdict.LOST
    if not sight.is_node:
        return Verdict.FINE
    is_heard = sight.heard_at_s > sight.started_at_s
    limit_s = sight.heard_at_s + HANG_S if is_heard else sight.started_at_s + START_LIMIT_S
    return Verdict.KILL if now_s > limit_s else Verdict.FINE


def is_up(sight: Sight, now_s: float) -> bool:
    """Running and, for a node, heard in this life and lately."""
    heard_at_s = sight.heard_at_s if sight.is_node else inf
    return sight.is_running and heard_at_s > sight.started_at_s and now_s - heard_at_s <= HANG_S


class Settling:
    """Who is up for good: heard in its present life, and long enough for peers to have found each other."""

    def __init__(self, settled_s: float) -> None:
        self._settled_s = settled_s
        self._up_since: dict[str, tuple[int, float]] = {}  # life and first sight in it

    def is_settled(self, name: str, sight: Sight, now_s: float) -> bool:
        """To be asked again and again; the first time that it is up counts."""
        if not is_up(sight, now_s):
            return False
        life, since_s = self._up_since.setdefault(name, (sight.starts, now_s))
        if life != sight.starts:
            since_s = now_s
            self._up_since[name] = (sight.starts, now_s)
        return not sight.is_node or now_s - since_s >= self._settled_s
