"""The tables of docs/stations.md, written from the code that the stations run."""

from __future__ import annotations

from cell_controller.stations.conveyor.phases import TABLE as CONVEYOR
from cell_controller.stations.grinding_spindle.phases import TABLE as GRINDING_SPINDLE
from cell_controller.stations.phases import PhaseTable, as_markdown
from cell_controller.stations.welding_robot.phases import TABLE as WELDING_ROBOT

TABLES: dict[str, PhaseTable] = {
    "welding_robot": WELDING_ROBOT,
    "grinding_spindle": GRINDING_SPINDLE,
    "conveyor": CONVEYOR,
}


def with_tables(page: str) -> str:
    """The page with whatever stands between the marks of each table replaced by the table of the code."""
    for name, table in TABLES.items():
        before, rest = page.split(f"<!-- table {name} -->\n")
        _, after = rest.split("<!-- end -->", 1)
        page = f"{before}<!-- table {name} -->\n{as_markdown(table)}<!-- end -->{after}"
    return page
