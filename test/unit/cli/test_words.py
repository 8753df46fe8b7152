"""What the words of the `cell` command mean, and what it says about wrong ones."""

import os
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cell_controller.cli import main as cli
from cell_controller.cli.demo import demo_cell
from cell_controller.cli.errors import NoCellError, NoDefaultCellError
from cell_controller.cli.options import check_namespace, member, operator_name, speed_m_s
from cell_controller.errors import CellError
from cell_controller.packml import MODES, Command, Mode

ROOT = Path(__file__).parents[3]
WIDE = {"COLUMNS": "160", "NO_COLOR": "1"}


def run(*words: str) -> tuple[int, str]:
    result = CliRunner(env=WIDE).invoke(cli.app, words)
    return result.exit_code, result.output


@pytest.fixture
def main(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    """The whole program: exit code, stdout, stderr."""
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"])

    def call(*words: str) -> tuple[int, str, str]:
        code = cli.main(list(words))
        said = capsys.readouterr()
        return code, said.out, said.err

    return call


@pytest.mark.parametrize("text", ["clear", "CLEAR", " Clear "])
def test_a_command_is_known_in_any_case(text: str) -> None:
    assert member(Command, text, tuple(Command)) is Command.CLEAR


def test_a_word_that_is_no_member_gets_the_list_of_members() -> None:
    with pytest.raises(
        typer.BadParameter, match="'invalid' is no mode; there are production, maintenance, manual"
    ):
        member(Mode, "invalid", MODES)


@pytest.mark.parametrize(
    ("text", "speed"), [("5mm/s", 0.005), ("-5mm/s", -0.005), ("0.02m/s", 0.02), (" 1e-3 m/s", 0.001)]
)
def test_a_speed_has_a_sign_and_a_unit(text: str, speed: float) -> None:
    assert speed_m_s(text) == pytest.approx(speed)


@pytest.mark.parametrize("text", ["5", "0.005", "fast", "mm/s", "nanmm/s", "infm/s", "5mm", ""])
def test_a_speed_without_a_unit_or_a_number_is_refused(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="with its unit"):
        speed_m_s(text)


@pytest.mark.parametrize("text", ["cell", "/cell/", "/", ""])
def test_a_namespace_begins_with_a_slash_and_has_a_name(text: str) -> None:
    with pytest.raises(typer.BadParameter, match="must begin with /"):
        check_namespace(text)


def test_the_operator_is_who_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CELL_OPERATOR", "maria")
    assert operator_name() == "maria"


def test_the_demo_cell_is_found_from_anywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert demo_cell() == ROOT / "config/cells/demo.yaml"
    (tmp_path / "config/cells").mkdir(parents=True)
    (tmp_path / "config/cells/demo.yaml").touch()
    assert demo_cell() == tmp_path / "config/cells/demo.yaml"


def test_a_missing_demo_cell_names_every_place_that_was_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cell_controller.cli.demo.DEMO", Path("config/cells/nowhere.yaml"))
    monkeypatch.setenv("AMENT_PREFIX_PATH", str(tmp_path / "install"))
    with pytest.raises(NoDefaultCellError) as found:
        demo_cell()
    assert f"{tmp_path}/install/share/cell_controller/config/cells/nowhere.yaml" in str(found.value)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("command", "begin"), "'begin' is no command; there are reset, start, stop"),
        (("command", "clear", "--hold-now"), "--hold-now belongs to hold"),
        (("mode", "auto"), "'auto' is no mode"),
        (("jog", "weld_z", "5"), "write it with its unit"),
        (("parts", "dispose", "P", "keep"), "'keep' is no disposition; there are scrap, rework, return"),
        (("parts", "order", "--recipe", "x", "--quantity", "0"), "'--quantity'"),
        (("run", "--parts", "0"), "'--parts'"),
        (("status", "--namespace", "cell"), "must begin with /"),
        (("fly",), "No such command"),
    ],
)
def test_wrong_words_exit_with_2_and_say_what_there_is(words: tuple[str, ...], text: str) -> None:
    code, said = run(*words)
    assert code == 2
    assert text in said


def test_a_negative_speed_is_no_option(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[object, ...]] = []
    monkeypatch.setattr("cell_controller.cli.hold.jog", lambda *a, **k: seen.append((*a, k["for_s"])))
    code, said = run("jog", "weld_z", "-5mm/s", "--for", "2", "--operator", "anna")
    assert code == 0, said
    assert seen == [("/cell", "anna", "weld_z", pytest.approx(-0.005), 2.0)]


@pytest.mark.parametrize(
    "words", [("check", "nowhere.yaml"), ("run", "nowhere.yaml"), ("up", "nowhere.yaml")]
)
def test_a_file_that_is_not_there_is_one_line_and_no_traceback(main, words: tuple[str, ...]) -> None:  # type: ignore[no-untyped-def]
    code, out, err = main(*words)
    assert (code, out) == (1, "")
    assert err.startswith("cell: ")
    assert "nowhere.yaml" in err
    assert "no such file" in err
    assert err.count("\n") == 1


def test_up_names_the_launch_arguments_that_there_are(main) -> None:  # type: ignore[no-untyped-def]
    code, _, err = main("up", str(ROOT / "config/cells/test.yaml"), "nme:=x")
    assert code == 1
    assert "'nme': unknown; there are cell, namespace, run_dir, trace_dir, recorder" in err


def test_run_names_the_recipes_that_there_are(main) -> None:  # type: ignore[no-untyped-def]
    code, out, err = main("run", "--recipe", "nothing", str(ROOT / "config/cells/test.yaml"))
    assert (code, out) == (1, "")
    assert "has no recipe 'nothing'; there are coupon" in err


def test_a_broken_cell_file_is_reported_by_run_as_by_check(main) -> None:  # type: ignore[no-untyped-def]
    path = ROOT / "test/cells_broken/out_of_range.yaml"
    code, _, err = main("run", str(path))
    assert code == 1
    assert "out_of_range.yaml:" in err


def test_debug_shows_where_an_error_comes_from() -> None:
    with pytest.raises(CellError, match="no such file"):
        cli.main(["--debug", "check", "nowhere.yaml"])


def test_a_surprise_is_one_line_too(main, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    def explode(*_: object) -> int:
        raise ZeroDivisionError("float division by zero")

    monkeypatch.setattr("cell_controller.cli.check.check", explode)
    code, _, err = main("check", str(ROOT / "config/cells/test.yaml"))
    assert code == 1
    assert err == "cell: ZeroDivisionError: float division by zero (cell --debug ... shows where)\n"


def test_ctrl_c_exits_with_130(main, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    def interrupted(*_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("cell_controller.cli.check.check", interrupted)
    code, _, err = main("check", str(ROOT / "config/cells/test.yaml"))
    assert (code, err) == (130, "")


def test_who_finds_no_cell_is_told_how_to_start_one_and_where_it_looked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ROS_DOMAIN_ID", "42")
    text = str(NoCellError("/cell_2", 5.0))
    assert "no cell answers on /cell_2 within 5 s" in text
    assert "cell up config/cells/demo.yaml" in text
    assert "ROS_DOMAIN_ID is 42" in text


def test_cells_stay_on_this_machine_unless_somebody_says_otherwise(
    main, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.delenv("ROS_AUTOMATIC_DISCOVERY_RANGE")
    main("--version")
    assert os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "LOCALHOST"
    monkeypatch.setenv("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    main("--version")
    assert os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] == "SUBNET"
