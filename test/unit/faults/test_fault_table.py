"""The fault table of docs/safety.md: whole, drawn from its file, and honest about what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from cell_controller.config import load_cell
from cell_sim.live.catalog import BY_NAME
from faults import injections, page
from faults.__main__ import FILE
from faults.campaign import pending
from faults.injections import Seen
from faults.rows import COMMAND, MEASURED, PROVED, Moment, Row
from support.moments import TEST_CELL

ROOT = Path(__file__).parents[3]
OWED = (
    "a process crashes", "a process hangs", "the interlock dies", "messages lost, partition",
    "serial noise, CRC", "cable unplugged", "drive fault", "NaN, inf, out of range", "sensor frozen",
    "wall clock jumps", "disk full", "power loss mid-cycle", "config error", "invalid or malicious command",
    "restart with a part inside",
)  # fmt: skip


def seen(key: str, reaction_s: float | None = 0.1, *, is_good: bool = True, remark: str = "") -> Seen:
    return Seen(
        key, "2026-01-01", "a machine", "test", "robot plunge", reaction_s, 0.25, "rule subject", 1.0, 2.0,
        is_good, remark,
    )  # fmt: skip


def row_of(table: str, key: str) -> list[str]:
    (line,) = (text for text in table.splitlines() if f"| `{key}` |" in text)
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_page_shows_what_was_measured() -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    assert text == page.with_table(text, injections.read(FILE)), "run python -m faults table"


def test_every_fault_class_is_measured_or_proved() -> None:
    assert set(OWED) <= {row.fault_class for row in MEASURED} | {proof.fault_class for proof in PROVED}


@pytest.mark.parametrize("row", MEASURED, ids=lambda row: row.key)
def test_every_row_injects_a_fault_that_there_is_into_a_target_of_the_cell(row: Row) -> None:
    if row.fault != COMMAND:
        targets = BY_NAME[row.fault].targets(load_cell(TEST_CELL).cell)
        assert row.target in (targets or ("",))


def test_no_two_rows_share_their_lines_of_the_file() -> None:
    assert len({row.key for row in MEASURED}) == len(MEASURED)


@pytest.mark.parametrize("test", [test for proof in PROVED for test in proof.tests])
def test_the_tests_that_prove_a_row_exist(test: str) -> None:
    path, _, name = test.partition("::")
    assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8")


def test_a_row_tells_median_worst_and_its_verdict() -> None:
    times_s = [0.1] * 28 + [0.2, 0.3]
    table = page.as_markdown([seen("kill robot", time_s) for time_s in times_s])
    assert row_of(table, "kill robot")[3:] == [
        "250 ms", "100 ms", "300 ms", "300 ms", "1.00 of 2.00 s", "30", "holds",
    ]  # fmt: skip
    assert row_of(table, "hang robot")[3:] == ["", "", "", "", "", "0", "not measured"]
    assert "30 injections on a machine, cell `test`, 2026-01-01." in table


def test_too_few_injections_and_bad_ones_are_said() -> None:
    late = seen("kill robot", 0.3, is_good=False, remark="later than its limit")
    few = page.as_markdown([seen("estop")])
    bad = page.as_markdown([*(seen("kill robot") for _ in range(29)), late])
    assert row_of(few, "estop")[-1] == "holds so far"
    assert row_of(bad, "kill robot")[-1] == "1 of 30 not: later than its limit"


def test_the_file_is_resumed_where_it_ends_even_in_the_middle_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "faults.jsonl"
    rows = [row for row in MEASURED if row.key in ("kill robot", "estop")]
    assert [row.key for row in pending(path, rows, 2)] == ["kill robot", "estop"]
    injections.append(path, [seen("kill robot")])
    assert [row.key for row in pending(path, rows, 2)] == ["estop", "kill robot"]
    injections.append(path, [seen("kill robot")])
    with path.open("a") as file:
        file.write(seen("estop").as_json()[:40])
    assert [row.key for row in pending(path, rows, 2)] == ["estop"]
    assert injections.read(path) == [seen("kill robot")] * 2
    injections.append(path, [seen("estop")])
    assert injections.read(path)[2:] == [seen("estop")]


def test_what_may_stop_nothing_is_tried_in_one_part_and_what_stops_has_a_part_of_its_own() -> None:
    harmless = {row.key for row in MEASURED if row.goes_on}
    assert harmless == {
        "serial.crc weld_line", "serial.late weld_line", "clock forward", "clock back", "disk-full --for 1",
        "command",
    }  # fmt: skip
    assert {row.key for row in MEASURED if row.moment is Moment.STOPPED} == {"disk-full"}
