"""What is said about a port that cannot be used, or is slow."""

from __future__ import annotations

import errno
import grp
import os
import subprocess
import sys
from pathlib import Path

import pytest

from cell_controller.commissioning.errors import WireError
from cell_controller.config import SerialFormat
from cell_controller.nodes import adapter
from cell_controller.nodes.adapter import explain, is_pty, latency_ms, ports, slow_adapter
from cell_controller.nodes.serial_wire import SerialWire


def test_a_permission_that_is_missing_names_the_group_to_join(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    device = tmp_path / "ttyUSB0"
    device.touch()
    denied = PermissionError(errno.EACCES, "Permission denied")
    assert adapter.group_of(str(device)) == grp.getgrgid(device.stat().st_gid).gr_name
    monkeypatch.setattr(adapter, "group_of", lambda device: "uucp")
    said = explain(str(device), denied)
    assert "belongs to the group uucp: sudo usermod -aG uucp $USER" in said
    monkeypatch.setattr(adapter, "group_of", lambda device: "root")
    said = explain(str(device), denied)
    assert "usermod" not in said, "nobody is to be made root for a port"
    assert 'KERNEL=="ttyUSB0", GROUP="dialout"' in said
    monkeypatch.undo()
    said = explain("/dev/nowhere", OSError("[Errno 13] could not open port: Permission denied"))
    assert "the group dialout" in said


def test_who_holds_a_port_is_named() -> None:
    master, slave = os.openpty()
    name = os.ttyname(slave)
    child = subprocess.Popen(
        [sys.executable, "-c", "import sys; sys.stdout.write('x'); sys.stdout.flush(); sys.stdin.read()"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=(slave,),
    )
    try:
        assert child.stdout is not None
        child.stdout.read(1)
        said = explain(name, OSError(errno.EBUSY, "busy"))
        assert f"{name} is in use by pid {child.pid}" in said
    finally:
        child.communicate()
        os.close(slave)
        os.close(master)


def test_two_do_not_open_one_port() -> None:
    master, slave = os.openpty()
    name = os.ttyname(slave)
    with SerialWire(name) as first, SerialWire(name) as second:
        first.open(9600, SerialFormat.N2)
        with pytest.raises(WireError, match=f"{name} is in use by"):
            second.open(9600, SerialFormat.N2)
    os.close(slave)
    os.close(master)


def test_what_is_no_port_is_said_to_be_none(tmp_path: Path) -> None:
    with SerialWire("/dev/null") as wire, pytest.raises(WireError, match="no serial port"):
        wire.open(9600, SerialFormat.N2)
    with SerialWire(str(tmp_path / "x")) as wire, pytest.raises(WireError, match="there is no such port"):
        wire.open(9600, SerialFormat.N2)
    with SerialWire("/dev/ttyS0") as wire, pytest.raises(WireError, match="not open"):
        wire.write(b"x")


def test_an_unplugged_port_is_one_error(tmp_path: Path) -> None:
    master, slave = os.openpty()
    with SerialWire(os.ttyname(slave)) as wire:
        wire.open(9600, SerialFormat.E1)  # a pseudo-terminal has no parity: it is left out
        os.write(master, b"abc")
        assert wire.wait(wire.now_s + 1.0) == b"abc"
        os.close(slave)
        os.close(master)
        with pytest.raises(WireError):
            wire.wait(wire.now_s + 1.0)


def test_a_slow_latency_timer_is_found_with_the_rule_that_mends_it(tmp_path: Path) -> None:
    timer = tmp_path / "class" / "tty" / "ttyUSB3" / "device" / "latency_timer"
    timer.parent.mkdir(parents=True)
    timer.write_text("16\n")
    assert latency_ms("/dev/ttyUSB3", tmp_path) == 16
    said = slow_adapter("/dev/ttyUSB3", tmp_path)
    assert "16 ms" in said
    assert 'ATTR{latency_timer}="1"' in said
    assert "/etc/udev/rules.d/" in said
    timer.write_text("1\n")
    assert slow_adapter("/dev/ttyUSB3", tmp_path) == ""
    assert slow_adapter("/dev/ttyUSB4", tmp_path) == "", "an adapter without such a timer"


def test_adapters_are_listed_by_the_names_that_stay(tmp_path: Path) -> None:
    (tmp_path / "usb-FTDI_b").touch()
    (tmp_path / "usb-FTDI_a").touch()
    assert ports(tmp_path) == (str(tmp_path / "usb-FTDI_a"), str(tmp_path / "usb-FTDI_b"))
    assert ports(tmp_path / "none") == ()


def test_a_pseudo_terminal_is_told_by_where_its_link_leads(tmp_path: Path) -> None:
    master, slave = os.openpty()
    link = tmp_path / "port"
    link.symlink_to(os.ttyname(slave))
    assert is_pty(str(link))
    assert not is_pty("/dev/ttyS0")
    os.close(slave)
    os.close(master)
