"""The bridge's topics, and a plant's joints behind them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cell_sim.gazebo.ros import RosJoints
from cell_sim.gazebo.start import connected
from support.gazebo_stand_in import DEMO, RECIPE, StandIn


@pytest.fixture
def stand_in() -> Iterator[list[StandIn]]:
    running = [StandIn()]
    yield running
    for one in running:
        one.close()


@pytest.fixture
def joints(stand_in: list[StandIn]) -> Iterator[RosJoints]:
    joints = connected(DEMO.cell, RECIPE)
    yield joints
    joints.close()
