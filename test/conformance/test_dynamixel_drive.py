"""A Dynamixel's own: watchdogs that every packet feeds, reboots, turns, the maker's library on a pty."""

from __future__ import annotations

import select
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dynamixel_sdk import COMM_SUCCESS, PacketHandler, PortHandler

from cell_controller.config.values import SerialFormat
from cell_controller.drives.profile import Quantity
from cell_controller.drives.protocols import CODECS
from cell_controller.drives.protocols.request import ReadRegisters, WriteRegisters
from cell_controller.messages import Allowed, DriveCondition
from cell_sim.drives import VirtualLine
from cell_sim.drives.dynamixel_x import TRIPPED, VirtualDynamixelX
from cell_sim.emulate.bench import bench_line
from cell_sim.ptys import Pty
from support.profile_bench import PROFILES, ProfileBench

PROFILE = PROFILES["robotis_dynamixel_x"]
CODEC = CODECS[PROFILE.protocol]
TORQUE, WATCHDOG, GOAL, POSITION = 64, 98, 116, 132
BAUD = 57600
PATIENT_MS = 5000


def drive_of(line: VirtualLine) -> VirtualDynamixelX:
    drive = line.drives[0]
    assert isinstance(drive, VirtualDynamixelX)
    return drive


def lone() -> VirtualDynamixelX:
    return drive_of(bench_line(PROFILE, 1, BAUD, SerialFormat.N1)[0])


def write(drive: VirtualDynamixelX, now_s: float, address: int, *values: int) -> int:
    """The error byte of the reply."""
    reply = drive.hear(CODEC.encode(WriteRegisters(1, address, values)), now_s)
    assert reply is not None
    return reply[8]


def test_any_packet_on_the_line_feeds_the_watchdog_and_silence_trips_it() -> None:
    line, _ = bench_line(PROFILE, 1, BAUD, SerialFormat.N1)
    drive = drive_of(line)
    assert write(drive, 0.0, WATCHDOG, 10) == 0
    assert write(drive, 0.0, TORQUE, 1) == 0
    foreign = CODEC.encode(ReadRegisters(9, POSITION, 4))
    for step in range(1, 20):
        line.write(foreign, 0.1 * step)
        line.read(0.1 * step + 0.05)
    assert drive.raw(Quantity.WATCHDOG_TIMEOUT) == 10
    line.read(2.5)
    assert drive.raw(Quantity.WATCHDOG_TIMEOUT) == TRIPPED


def test_a_tripped_watchdog_takes_no_goal_and_only_a_zero_takes_it_back() -> None:
    drive = lone()
    assert write(drive, 0.0, WATCHDOG, 10) == 0
    assert write(drive, 0.0, TORQUE, 1) == 0
    drive.advance(1.0)
    assert write(drive, 1.0, GOAL, 0, 0x10, 0, 0) == 4
    assert write(drive, 1.0, WATCHDOG, 10) == 4
    assert write(drive, 1.0, WATCHDOG, 0) == 0
    assert write(drive, 1.0, WATCHDOG, 10) == 0
    assert write(drive, 1.0, GOAL, 0, 0x10, 0, 0) == 0


def test_without_torque_the_watchdog_does_not_count() -> None:
    drive = lone()
    assert write(drive, 0.0, WATCHDOG, 10) == 0
    drive.advance(5.0)
    assert drive.raw(Quantity.WATCHDOG_TIMEOUT) == 10


def test_a_hardware_error_is_told_with_every_reply_until_the_reboot_which_takes_its_time() -> None:
    drive = lone()
    drive.trip(0x20)
    ask = CODEC.encode(ReadRegisters(1, POSITION, 4))
    reply = drive.hear(ask, 1.0)
    assert reply is not None
    assert reply[8] == 0x80
    assert write(drive, 1.0, TORQUE, 1) & 0x7F != 0
    assert write(drive, 1.0, 0xFF08) == 0
    assert drive.hear(ask, 1.1) is None
    reply = drive.hear(ask, 1.5)
    assert reply is not None
    assert reply[8] == 0


def test_a_reboot_loses_the_watchdog_and_the_bus_sets_it_again() -> None:
    bench = ProfileBench(PROFILE)
    bench.moving()
    device = bench.device
    assert isinstance(device, VirtualDynamixelX)
    device.trip(0x20)
    assert bench.run(2.0, lambda: bench.seen.condition is DriveCondition.FAULT)
    bench.permit(Allowed.STOP_PROGRAM)
    assert bench.run(5.0, lambda: device.fault_code == 0)
    assert device.watchdog_s == 0.0
    assert bench.run(5.0, lambda: bench.seen.is_armed and device.watchdog_s > 0.0)


def test_turns_are_forgotten_without_power_and_the_place_within_one_is_not() -> None:
    line, plant = bench_line(PROFILE, 1, BAUD, SerialFormat.N1)
    drive = drive_of(line)
    drive.axis.position_m = 3.25 * drive.shaft.m_per_rev
    drive.axis.ramp.reset(drive.axis.position_m)
    assert drive.position_rev == pytest.approx(3.25)
    drive.power_off(plant.now_s)
    drive.power_on(plant.now_s)
    assert drive.position_rev == pytest.approx(0.25)


# The maker's library, on a pseudo-terminal


@pytest.fixture
def port(tmp_path: Path) -> Iterator[tuple[PortHandler, VirtualDynamixelX]]:
    """A virtual drive on a pty, served by a thread of the test, and the library's port to it."""
    line, _ = bench_line(PROFILE, 1, BAUD, SerialFormat.N1, now_s=time.monotonic())
    pty = Pty(tmp_path / "dynamixel")
    pty.open()
    is_over = threading.Event()

    def serve() -> None:
        while not is_over.is_set():
            due_s = min(max(line.next_event_s() - time.monotonic(), 0.0), 0.01)
            readable, _, _ = select.select([pty.fd], [], [], due_s)
            pty.write(line.read(time.monotonic()))
            data = pty.read() if readable else b""
            if data:
                line.master_baud = pty.baud
                line.write(data, time.monotonic())
            elif readable:  # nobody has opened the other end yet, and a hang-up is always readable
                is_over.wait(0.005)

    server = threading.Thread(target=serve)
    server.start()
    handler = PortHandler(str(pty.path))
    handler.setBaudRate(BAUD)
    # The library waits for some 35 ms by the wall clock, which a busy machine may not have for us.
    handler.setPacketTimeout = lambda length: handler.setPacketTimeoutMillis(PATIENT_MS)
    try:
        yield handler, drive_of(line)
    finally:
        handler.closePort()
        is_over.set()
        server.join()
        pty.close()


def test_the_makers_library_finds_moves_reads_and_restarts_a_virtual_drive(port) -> None:
    handler, drive = port
    sdk = PacketHandler(2.0)
    _, result, error = sdk.ping(handler, 1)
    assert (result, error) == (COMM_SUCCESS, 0), sdk.getTxRxResult(result)
    assert sdk.write1ByteTxRx(handler, 1, TORQUE, 1) == (COMM_SUCCESS, 0)
    assert sdk.write4ByteTxRx(handler, 1, 112, 100) == (COMM_SUCCESS, 0)
    assert sdk.write4ByteTxRx(handler, 1, GOAL, 64) == (COMM_SUCCESS, 0)
    end_s = time.monotonic() + 20.0
    position = 0
    while abs(position - 64) > 1 and time.monotonic() < end_s:
        position, result, error = sdk.read4ByteTxRx(handler, 1, POSITION)
        assert (result, error) == (COMM_SUCCESS, 0), sdk.getTxRxResult(result)
    assert abs(position - 64) <= 1
    drive.trip(0x04)
    hardware_error, result, error = sdk.read1ByteTxRx(handler, 1, 70)
    assert (hardware_error, result, error & 0x80) == (0x04, COMM_SUCCESS, 0x80)
    assert sdk.reboot(handler, 1)[0] == COMM_SUCCESS
