"""`cell run` while it goes on and when it is over: lines, the live block, exit codes, the JSON object."""

import dataclasses
import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from cell_controller.cell.production_run import ProductionRun, Wish
from cell_controller.cell.run_summary import Summary
from cell_controller.cli import progress
from cell_controller.cli.run import Outcome, as_json, report
from cell_controller.cli.run_log import KEPT_LINES, RunLog
from cell_controller.messages import Alarm, Alarms, CellState, OrderReply, Severity, StationSummary
from cell_controller.packml import Mode, State
from cell_controller.runtime import Runner, ports

GOOD = Summary(3, 3, 0, 92.5, 0.61, 0.8, 0.9, 0.95, 0.93, 0, "", 40000, 3, {"robot traverse": 30.0})
BAD = dataclasses.replace(GOOD, parts_good=2, parts_bad=1)


class Running:
    """A ProductionRun that hears what a test says."""

    def __init__(self) -> None:
        self.run = ProductionRun(Wish("order-1", "bracket", 3))
        self.runner = Runner(self.run, 1, 0.0)
        self.now_s = 0.0

    def hear(self, state: State, good: int = 0, warning: str = "", hindrance: str = "") -> ProductionRun:
        self.now_s += 0.2
        stations = (StationSummary("robot", "Welding robot", "traverse", 0.4, True, False, "hot"),)
        message = CellState(
            int(state), int(state), False, int(Mode.PRODUCTION), 1, 1,
            parts_ordered=3, parts_good=good, stations=stations, clear_hindrance=hindrance,
        )  # fmt: skip
        alarms = Alarms((Alarm(1, warning, "", 1, Severity.WARNING),) if warning else ())
        self.runner.deliver(ports.STATE.name, message, self.now_s)
        self.runner.deliver(ports.ALARMS.name, alarms, self.now_s)
        self.runner.deliver(ports.SUBMIT_ORDER.reply_port, OrderReply("order-1-1", True), self.now_s)
        self.runner.step(self.now_s)
        return self.run


def plain(out: io.StringIO) -> Console:
    return Console(file=out, width=100, no_color=True)


def test_a_number_that_runs_is_no_new_line_and_what_hindered_a_command_goes_with_it() -> None:
    out = io.StringIO()
    running = Running()
    with progress.progress_on(plain(out)) as shown:
        shown.show(running.hear(State.ABORTED), ())
        for what in ("belt1 (1.5", "belt1 (-1e-05", "belt2 (1.6"):
            hindrance = f"wait for {what} s, limit 5.3)"
            shown.show(running.hear(State.ABORTED, hindrance=hindrance), ())
        for state in (State.STOPPED, State.IDLE):
            shown.show(running.hear(state), ())
    said = [
        line.split("s  ", 1)[1].removesuffix(", 0 good, 0 bad of 3") for line in out.getvalue().splitlines()
    ]
    assert said == [
        "submitting the order (Aborted)",
        "clearing (Aborted): wait for belt1 (1.5 s, limit 5.3)",
        "clearing (Aborted): wait for belt2 (1.6 s, limit 5.3)",
        "resetting (Stopped)",
        "starting (Idle)",
    ]


def test_a_file_gets_a_line_when_something_changes_and_none_when_nothing_does() -> None:
    out = io.StringIO()
    running = Running()
    with progress.progress_on(plain(out)) as shown:
        shown.show(running.run, ("weld_line",))
        for state, good in ((State.ABORTED, 0), (State.EXECUTE, 0), (State.EXECUTE, 0), (State.EXECUTE, 1)):
            shown.show(running.hear(state, good), ())
    lines = [line.split("s  ", 1)[1] for line in out.getvalue().splitlines()]
    assert lines[0] == "waiting for the cell"
    assert sum("producing (Execute), 0 good, 0 bad of 3" in line for line in lines) == 1
    assert lines[-1] == "producing (Execute), 1 good, 0 bad of 3"


def test_warnings_are_lines_once_production_runs() -> None:
    out = io.StringIO()
    running = Running()
    with progress.progress_on(plain(out)) as shown:
        shown.show(running.hear(State.ABORTED, warning="tripped: startup"), ())
        running.hear(State.ABORTED)
        for warning in ("hot", "hot", "", "hot"):
            shown.show(running.hear(State.EXECUTE, warning=warning), ())
    assert "startup" not in out.getvalue()
    assert out.getvalue().count("warning: hot") == 2  # raised twice


def test_a_long_silence_gets_a_sign_of_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "LINE_PERIOD_S", 0.0)
    out = io.StringIO()
    running = Running()
    with progress.progress_on(plain(out)) as shown:
        for _ in range(4):
            shown.show(running.hear(State.EXECUTE), ())
    assert "robot traverse 40%" in out.getvalue()


def test_the_live_block_shows_parts_stations_and_the_newest_warning() -> None:
    running = Running()
    for _ in range(3):
        running.hear(State.EXECUTE, good=1, warning="the tool is hot")
    out = io.StringIO()
    plain(out).print(progress.run_view(running.run, (), 12.0))
    for words in (
        "12 s",
        "producing (Execute)",
        "1 good, 0 bad of 3",
        "Welding robot",
        "traverse  hot",
        "! the tool is hot",
    ):
        assert words in out.getvalue()


def test_the_live_block_names_who_is_waited_for() -> None:
    out = io.StringIO()
    plain(out).print(progress.run_view(Running().run, ("weld_line", "interlock"), 3.0))
    assert "waiting for the cell: weld_line, interlock" in out.getvalue()


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        (Outcome(GOOD), 0),
        (Outcome(BAD), 1),
        (Outcome(GOOD, error="robot died for good"), 1),
        (Outcome(GOOD, is_interrupted=True), 130),
        (Outcome(dataclasses.replace(GOOD, parts_good=0)), 1),
    ],
)
def test_only_good_parts_and_nothing_else_exit_with_0(outcome: Outcome, code: int) -> None:
    assert outcome.exit_code == code


def test_the_json_object_is_one_line_with_the_summary_and_the_error() -> None:
    line = as_json(Outcome(BAD, error="the cell is Aborted"))
    found = json.loads(line)
    assert "\n" not in line
    assert {
        "parts_ordered",
        "parts_good",
        "parts_bad",
        "duration_s",
        "overlap_fraction",
        "oee",
        "trips",
    } <= set(found)
    assert (found["parts_good"], found["error"]) == (2, "the cell is Aborted")
    assert found["phase_s"] == {"robot traverse": 30.0}


def test_a_bad_end_says_why_shows_the_last_words_and_where_the_logs_are() -> None:
    out = io.StringIO()
    report(
        plain(out),
        Outcome(BAD, error="weld_line died for good", words=["[weld_line] [Errno 5]"]),
        Path("/tmp/x"),
    )
    for words in ("weld_line died for good", "[weld_line] [Errno 5]", "logs: /tmp/x", "2 good, 1 bad of 3"):
        assert words in out.getvalue()


def test_bad_parts_without_an_error_are_the_reason_themselves() -> None:
    out = io.StringIO()
    report(plain(out), Outcome(BAD), None)
    assert "2 of 3 parts are good" in out.getvalue()


def test_the_log_has_every_line_and_the_last_ones_at_hand(tmp_path: Path) -> None:
    log = RunLog(tmp_path / "cell.log")
    for number in range(KEPT_LINES + 3):
        log("weld_line", f"line {number}")
    log("cell", "robot died")
    log.close()
    log("cell", "too late to be written")
    text = (tmp_path / "cell.log").read_text()
    assert text.count("[weld_line]") == KEPT_LINES + 3
    assert "too late" not in text
    assert log.last("weld_line")[-1] == f"line {KEPT_LINES + 2}"
    assert len(log.last("weld_line")) == KEPT_LINES
    assert log.last("nobody") == ()
