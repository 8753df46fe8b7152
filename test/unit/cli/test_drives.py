"""`cell drives` before anything is on the wire: which drive, at which speed, and who else has the port."""

from __future__ import annotations

import os
import tty
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from cell_controller.bringup.claim import key_of
from cell_controller.bringup.errors import InUseError
from cell_controller.bringup.locks import Locks
from cell_controller.cli.drives import commands
from cell_controller.cli.drives.move import prove_drive, refuse_options, speed_of
from cell_controller.cli.drives.show import at_the_machine, in_unit
from cell_controller.cli.drives.target import Options, Wiring, opened, reached, target_of
from cell_controller.cli.errors import CliError
from cell_controller.cli.main import main
from cell_controller.commissioning.errors import WireError
from cell_controller.commissioning.reading import FieldValue
from cell_controller.config import Rs485, SerialFormat
from cell_controller.drives.errors import UnknownProfileError
from cell_controller.drives.profile import DriveUnit, Quantity

DEMO = Path(__file__).parents[3] / "config" / "cells" / "demo.yaml"
PORT = "/dev/ttyUSB9"


@pytest.fixture
def port(tmp_path: Path) -> Iterator[str]:
    """A port that nobody answers on."""
    master, slave = os.openpty()
    tty.setraw(slave)
    link = tmp_path / "port"
    link.symlink_to(os.ttyname(slave))
    yield str(link)
    os.close(slave)
    os.close(master)


def test_a_port_needs_profile_and_unit() -> None:
    target, words = target_of(Options((PORT, "speed"), "delta_c2000", 5))
    assert (target.device, target.unit, target.baud, target.form) == (PORT, 5, 9600, SerialFormat.N2)
    assert words == ("speed",)
    with pytest.raises(CliError, match="name the port"):
        target_of(Options(()))
    with pytest.raises(CliError, match="name the port"):
        target_of(Options(("",), "delta_c2000", 5))
    with pytest.raises(CliError, match="say --profile and --unit"):
        target_of(Options((PORT,), "delta_c2000"))


def test_a_misspelt_option_of_jog_is_named_and_a_speed_backwards_is_none() -> None:
    with pytest.raises(CliError, match="there is no option --profle"):
        refuse_options(("--profle", "x", "-30rpm"))
    refuse_options(("-30rpm",))
    refuse_options(("-.5rpm",))


@pytest.mark.parametrize("name", ["/tmp", "/tmp/\udcff\udcfe"])
def test_a_directory_and_a_name_that_is_no_text_are_no_ports(name: str) -> None:
    with (
        pytest.raises(WireError, match=r"is no serial port|there is no such port"),
        opened(name, 9600, SerialFormat.N2),
    ):
        raise AssertionError


def test_a_wrong_profile_is_answered_with_those_there_are() -> None:
    with pytest.raises(UnknownProfileError, match=r"did you mean delta_c2000\? There are .*ls_s100"):
        target_of(Options((PORT,), "delta_c200", 5))
    with pytest.raises(UnknownProfileError, match="no drive profiles in /nowhere"):
        target_of(Options((PORT,), "delta_c2000", 5, profiles=Path("/nowhere")))


def test_a_cell_file_names_line_unit_and_profile() -> None:
    target, words = target_of(Options(("position",), cell=DEMO, drive="weld_x"))
    assert target.cell is not None
    line, drive = target.cell.lines["weld_line"], target.cell.drives["weld_x"]
    assert (target.device, target.baud, target.form) == (line.device, line.baud, line.format)
    assert "{" not in target.device
    assert target.drive == drive
    assert target.watchdog_s is not None
    assert words == ("position",)


def test_echo_and_direction_are_those_of_the_line_or_of_the_options() -> None:
    bare, _ = target_of(Options((PORT,), "delta_asda_a3", 1))
    assert bare.wiring == Wiring()
    assert not bare.speed.echoes
    wiring = commands._wiring(True, "low")
    assert wiring == Wiring(True, Rs485(rts_while_sending=False, rts_while_receiving=True))
    for options in (
        Options((PORT,), "delta_asda_a3", 1, wiring=wiring),
        Options((), cell=DEMO, drive="weld_x", wiring=wiring),
    ):
        target, _ = target_of(options)
        assert (target.wiring, target.speed.echoes) == (wiring, True)
    with pytest.raises(typer.BadParameter, match="no level of RTS; there are high and low"):
        commands._wiring(False, "up")


def test_a_port_that_cannot_switch_its_direction_is_not_opened(port: str) -> None:
    wiring = commands._wiring(False, "high")
    target, _ = target_of(Options((port,), "delta_asda_a3", 1, wiring=wiring))
    with pytest.raises(WireError, match="does not switch the direction"), reached(target):
        raise AssertionError("it was opened")


def test_before_it_is_in_its_cell_a_drive_is_on_another_port_with_another_unit() -> None:
    options = Options((PORT, "weld.yaml"), cell=DEMO, drive="weld_x", unit=127, baud=38400)
    target, words = target_of(options)
    assert (target.device, target.baud, target.unit, target.drive.unit) == (PORT, 38400, 127, 127)
    assert words == ("weld.yaml",)
    assert target_of(Options(("./kept/weld.yaml",), cell=DEMO, drive="weld_x"))[1] == ("./kept/weld.yaml",)


def test_a_cell_file_without_its_drive_is_refused() -> None:
    with pytest.raises(CliError, match="--cell needs --drive"):
        target_of(Options((), cell=DEMO))
    with pytest.raises(CliError, match=r"has no drive 'weld'; there are weld_x"):
        target_of(Options((), cell=DEMO, drive="weld"))
    with pytest.raises(CliError, match="no such file"):
        target_of(Options((), cell=Path("none.yaml"), drive="weld_x"))


def test_a_speed_has_a_unit_that_makes_sense_for_the_drive() -> None:
    axis, _ = target_of(Options((), cell=DEMO, drive="weld_x"))
    spindle, _ = target_of(Options((), cell=DEMO, drive="weld_spindle"))
    bench, _ = target_of(Options((PORT,), "delta_asda_a3", 1))
    assert speed_of("-5mm/s", axis) == pytest.approx(-0.005)
    assert speed_of("60rpm", axis) == pytest.approx(getattr(axis.drive, "m_per_rev", 0.0))
    assert speed_of("60rpm", spindle) == 60.0
    assert speed_of("60rpm", bench) == pytest.approx(1.0)
    for text, target in (("5", axis), ("fast", axis), ("nanrpm", axis), ("5mm/s", spindle), ("5mm/s", bench)):
        with pytest.raises(typer.BadParameter, match=r"is no speed|not known here"):
            speed_of(text, target)


def test_unit_ids_are_ranges_and_lists() -> None:
    assert commands._numbers("1-3,7,2") == (1, 2, 3, 7)
    for text in ("", "a", "1-", "-1", "1-300", "3-1", "0-3"):
        with pytest.raises(typer.BadParameter):
            commands._numbers(text)


def test_a_port_that_a_cell_has_is_refused_and_its_process_named(port: str) -> None:
    locks = Locks()
    locks.take(f"line {os.path.realpath(port)}", "line of a cell")
    try:
        with (
            pytest.raises(InUseError, match=rf"port {port} is in use by pid {os.getpid()}"),
            opened(port, 9600, SerialFormat.N2),
        ):
            raise AssertionError("it was opened")
    finally:
        locks.release()
    with opened(port, 9600, SerialFormat.N2) as wire:
        assert wire.wait(wire.now_s) == b""


def test_a_drive_whose_cell_is_up_is_refused_on_whatever_port(port: str) -> None:
    target, _ = target_of(Options((port,), cell=DEMO, drive="weld_x"))
    assert target.cell is not None
    locks = Locks()
    locks.take(key_of(target.cell.namespace), "a cell that is up")
    try:
        with pytest.raises(InUseError, match=r"cell \w+ \(/cell\) is in use by pid"), reached(target):
            raise AssertionError("it was opened")
    finally:
        locks.release()


def test_a_port_that_is_not_there_is_said_and_leaves_no_lock(tmp_path: Path) -> None:
    missing = str(tmp_path / "none")
    for _ in range(2):
        with pytest.raises(WireError, match="there is no such port"), opened(missing, 9600, SerialFormat.N2):
            raise AssertionError("it was opened")


def test_a_proof_in_a_cell_takes_the_ports_of_the_cell() -> None:
    with pytest.raises(CliError, match="leave the port out"):
        prove_drive(Options((PORT,), cell=DEMO, drive="weld_x"), is_sure=True)
    with pytest.raises(CliError, match=r"no axis or spindle 'station_io'; there are weld_x"):
        prove_drive(Options((), cell=DEMO, drive="station_io"), is_sure=True)


def test_without_anybody_to_ask_a_proof_on_a_bench_moves_nothing(port: str) -> None:
    with pytest.raises(CliError, match="say --yes"):
        prove_drive(Options((port,), "ls_s100", 1), is_sure=False)


def test_silence_says_what_to_check(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["drives", "read", port, "--profile", "ls_s100", "--unit", "3", "speed"]
    assert main(words) == 1
    said = capsys.readouterr().err
    assert "unit 3 does not answer at 9600 8N1" in said
    assert "A and B" in said
    assert "120 ohm" in said


def test_values_are_shown_in_their_unit_and_at_the_machine() -> None:
    axis, _ = target_of(Options((), cell=DEMO, drive="weld_x"))
    spindle, _ = target_of(Options((), cell=DEMO, drive="weld_spindle"))
    bench, _ = target_of(Options((PORT,), "delta_asda_a3", 1))
    where = FieldValue(Quantity.POSITION, DriveUnit.REV, 0x10, 2.5)
    turning = FieldValue(Quantity.SPEED, DriveUnit.HZ, 5000, 50.0)
    assert (in_unit(where), at_the_machine(axis, where)) == ("2.5 rev", "25.000 mm")
    speed = FieldValue(Quantity.SPEED, DriveUnit.RPM, 60, 60.0)
    assert (in_unit(speed), at_the_machine(axis, speed)) == ("60 rpm", "10.000 mm/s")
    assert (in_unit(turning), at_the_machine(spindle, turning)) == ("50 Hz", "1500 rpm")
    assert at_the_machine(bench, where) == "", "what a turn moves is not known there"
    assert in_unit(FieldValue(Quantity.STATUS_WORD, DriveUnit.RAW, 1280, 1280.0)) == "1280"
    assert in_unit(FieldValue(Quantity.SPEED, DriveUnit.HZ, problem="refused")) == "-"
