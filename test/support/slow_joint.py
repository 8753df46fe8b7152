"""One joint of a Gazebo world, its controller and friction in memory, heard late as over a bridge."""

from __future__ import annotations

from collections import deque

from cell_sim.plant.axis import FRICTION_SHARE, AxisSpec
from cell_sim.plant.encoder import Heard

STEP_S = 0.002
SERVO_RAD_S = 150.0  # of the world's controllers
STATES = 3  # steps from one joint state to the next: 200 Hz of a world with steps of 2 ms
WAY = 4  # steps to the server, and as many back


class SlowJoint:
    """See Joints. The test says when the server stands and when the bridge is silent."""

    def __init__(self, spec: AxisSpec, position_m: float) -> None:
        self.mass_kg = spec.moving_mass_kg
        self.fastest_m_s = spec.max_speed_m_s
        self.effort_n = spec.max_force_n
        self.friction_n = FRICTION_SHARE * spec.max_force_n
        self.position_m, self.speed_m_s = position_m, 0.0
        self.now_s = 0.0
        self.stands = self.is_silent = self.is_blocked = False
        self._told = {"target_position": position_m, "load": 0.0}
        self._to_come: deque[dict[str, float]] = deque([dict(self._told)] * WAY)
        self._told_of: deque[Heard] = deque()
        self._steps = 0
        self._error_m = 0.0
        self._newest = Heard(position_m, 0.0, 0.0)

    def state(self, joint: str) -> Heard | None:
        return self._newest

    def tell(self, joint: str, what: str, value: float) -> None:
        self._told[what] = value

    def step(self) -> None:
        """Two milliseconds later."""
        self.now_s += STEP_S
        self._to_come.append(dict(self._told))
        now = self._to_come.popleft()
        if not self.stands:
            self._move(now["target_position"], now["load"])
            self._steps += 1
            if self._steps % STATES == 0:
                self._told_of.append(Heard(self.position_m, self.speed_m_s, self.now_s + WAY * STEP_S))
        while not self.is_silent and self._told_of and self._told_of[0].at_s <= self.now_s:
            heard = self._told_of.popleft()
            self._newest = Heard(heard.position, heard.speed, self.now_s)

    def _move(self, target_m: float, load_n: float) -> None:
        """As gz::math::PID, whose damping kicks when a target jumps, and DART, which holds the speed."""
        if self.is_blocked:
            self.speed_m_s = 0.0
            return
        error_m = target_m - self.position_m
        force_n = self.mass_kg * SERVO_RAD_S**2 * error_m
        force_n += 2.0 * self.mass_kg * SERVO_RAD_S * (error_m - self._error_m) / STEP_S
        self._error_m = error_m
        force_n = min(max(force_n, -self.effort_n), self.effort_n) + load_n
        free_m_s = self.speed_m_s + force_n / self.mass_kg * STEP_S
        most_m_s = self.friction_n / self.mass_kg * STEP_S
        speed_m_s = free_m_s - min(max(free_m_s, -most_m_s), most_m_s)
        self.speed_m_s = min(max(speed_m_s, -self.fastest_m_s), self.fastest_m_s)
        self.position_m += self.speed_m_s * STEP_S
