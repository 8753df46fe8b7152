"""Rigid bodies behind the axes and spindles: the one thing that differs between the plants."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from cell_sim.plant.axis import Axis
from cell_sim.plant.spindle import Spindle


class Mechanics(Protocol):
    """Moves axes and spindles; the loads on them have been set before each step."""

    axes: Mapping[str, Axis]
    spindles: Mapping[str, Spindle]
    fixed_step_s: float | None  # None: any step is exact
    lost: tuple[str, ...]  # axes and spindles that nothing is known of any more: no torque

    def step(self, dt_s: float) -> None:
        """Advance all bodies by dt."""


class RigidMechanics:
    """Every axis one mass, every spindle one inertia, in closed form. Bodies at rest cost nothing."""

    fixed_step_s: float | None = None
    lost: tuple[str, ...] = ()

    def __init__(self, axes: dict[str, Axis], spindles: dict[str, Spindle]) -> None:
        self.axes: Mapping[str, Axis] = axes
        self.spindles: Mapping[str, Spindle] = spindles

    def step(self, dt_s: float) -> None:
        """Advance all bodies by dt."""
        for axis in self.axes.values():
            if axis.is_moving or axis.load_n or axis.force_n:
                axis.step(dt_s)
        for spindle in self.spindles.values():
            if spindle.is_moving or spindle.torque_nm:
                spindle.step(dt_s)
