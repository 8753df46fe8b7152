"""docs/stations.md and the tables in code are the same."""

from dataclasses import fields
from pathlib import Path

from cell_controller.stations.documentation import TABLES, with_tables
from cell_controller.stations.parameters import GrindParameters, WeldParameters

PAGE = Path(__file__).parents[3] / "docs" / "stations.md"


def test_the_page_shows_the_tables_that_the_stations_run():
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_tables(page), "write with_tables(page) back into docs/stations.md"


def test_every_phase_is_on_the_page_once_per_event():
    page = PAGE.read_text(encoding="utf-8")
    for name, table in TABLES.items():
        section = page.split(f"<!-- table {name} -->")[1].split("<!-- end -->")[0]
        assert all(f"| {phase.value} |" in section for phase in table.rows)
        assert section.count("\n| ") == 1 + 7 * len(table.rows)


def test_recipe_numbers_named_on_the_page_exist():
    page = PAGE.read_text(encoding="utf-8")
    known = {field.name for kind in (WeldParameters, GrindParameters) for field in fields(kind)}
    for name in (
        "depth_authority_m",
        "dwell_start_s",
        "temperature_min_c",
        "gap_speed_m_s",
        "spark_out_max_s",
    ):
        assert name in known
        assert f"`{name}`" in page
