"""What the nodes of a cell may take of the machine that they run on."""

from __future__ import annotations

from pydantic import Field

from cell_controller.config.values import Count, Flag, Name, Strict


class Realtime(Strict):
    """Processors and memory; priorities are the same in every cell (see bringup/table.py)."""

    cpus: dict[Name, tuple[Count, ...]] = Field(
        default_factory=dict, description="processors by unit (interlock, line or station); default: any"
    )
    lock_memory: Flag = Field(
        True, description="interlock and buses keep their memory from being paged out, where they may"
    )
