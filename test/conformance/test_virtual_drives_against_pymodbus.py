"""pymodbus as the client: every virtual drive is a proper Modbus slave, sans-I/O and on a pseudo-terminal."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymodbus.client import ModbusSerialClient
from pymodbus.exceptions import ConnectionException, ModbusIOException
from pymodbus.framer import FramerRTU
from pymodbus.pdu import DecodePDU
from pymodbus.pdu.bit_message import (
    ReadCoilsRequest,
    ReadDiscreteInputsRequest,
    WriteMultipleCoilsRequest,
    WriteSingleCoilRequest,
)
from pymodbus.pdu.register_message import (
    ReadHoldingRegistersRequest,
    ReadWriteMultipleRegistersRequest,
    WriteMultipleRegistersRequest,
    WriteSingleRegisterRequest,
)

from cell_controller.config.loader import load_cell
from cell_controller.drives.profile import Protocol, Quantity
from cell_sim.drives import VirtualDrive, VirtualLine, build_line, load_profiles
from cell_sim.plant import build_plant
from support.profile_bench import PROFILES, ProfileBench

ROOT = Path(__file__).parents[2]
CELL = ROOT / "config/cells/test.yaml"
MODBUS = [name for name, profile in PROFILES.items() if profile.protocol is Protocol.MODBUS_RTU]


class Client:
    """pymodbus' framer and decoder on a sans-I/O line."""

    def __init__(self, line: VirtualLine) -> None:
        self.line = line
        self.now_s = 1.0
        self.framer = FramerRTU(DecodePDU(False))

    def ask(self, pdu):
        self.line.write(self.framer.buildFrame(pdu), self.now_s)
        received, end_s = b"", self.now_s + 0.1
        while not received and self.line.next_event_s() <= end_s:
            received = self.line.read(self.line.next_event_s())
        self.now_s = end_s
        used, reply = self.framer.handleFrame(received, pdu.dev_id, 0)
        assert used == len(received) > 0
        return reply


@pytest.fixture
def lines() -> dict[str, Client]:
    loaded = load_cell(CELL)
    plant = build_plant(loaded.cell, next(iter(loaded.recipes.values())))
    profiles = load_profiles(loaded.cell, ROOT / "config/drives")
    clients = {name: Client(build_line(loaded.cell, name, profiles, plant)) for name in loaded.cell.lines}
    plant.set_outputs("safety_io", 1)  # relay closed
    return clients


def test_reads_of_every_block_are_understood(lines):
    for client in lines.values():
        for drive in client.line.drives:
            if drive.profile.protocol is not Protocol.MODBUS_RTU:
                continue
            for block in (drive.profile.reads.fast, *drive.profile.reads.slow):
                first, count = drive.profile.span(block.fields)
                reply = client.ask(ReadHoldingRegistersRequest(address=first, count=count, dev_id=drive.unit))
                assert not reply.isError(), (drive.name, block)
                assert len(reply.registers) == count


def client_of(name: str) -> tuple[Client, VirtualDrive]:
    """A master on the line with a drive of this profile, and that drive."""
    bench = ProfileBench(PROFILES[name])
    return Client(bench.wire), bench.device


@pytest.mark.parametrize("name", MODBUS)
def test_every_profile_is_read_block_by_block(name):
    client, drive = client_of(name)
    for block in (drive.profile.reads.fast, *drive.profile.reads.slow):
        first, count = drive.profile.span(block.fields)
        kind = ReadDiscreteInputsRequest if block.function == 2 else ReadHoldingRegistersRequest
        reply = client.ask(kind(address=first, count=count, dev_id=drive.unit))
        assert not reply.isError(), block
        read = reply.bits if block.function == 2 else reply.registers
        assert len(read) == (count + 7) // 8 * 8 if block.function == 2 else count


@pytest.mark.parametrize("name", MODBUS)
def test_every_profile_refuses_what_the_drive_does_not_have(name):
    client, drive = client_of(name)
    most, unit = drive.profile.functions.max_read_words, drive.unit
    fast = drive.profile.reads.fast
    is_of_registers = fast.function == 3
    first = drive.profile.span(fast.fields if is_of_registers else (Quantity.WATCHDOG_TIMEOUT,))[0]
    asked = [
        (ReadHoldingRegistersRequest(address=0xFF00, count=1, dev_id=unit), 2),
        (ReadHoldingRegistersRequest(address=first, count=most + 1, dev_id=unit), 3),
        (WriteSingleRegisterRequest(address=0xFF00, registers=[0], dev_id=unit), 2),
    ]
    if 23 not in drive.profile.functions.codes:
        both = ReadWriteMultipleRegistersRequest(
            read_address=first, read_count=1, write_address=first, write_registers=[0], dev_id=unit
        )
        asked.append((both, 1))
    for pdu, code in asked:
        reply = client.ask(pdu)
        assert reply.isError()
        assert reply.exception_code == code, pdu


@pytest.mark.parametrize("name", MODBUS)
def test_every_profile_keeps_what_is_armed(name):
    client, drive = client_of(name)
    for exchange in drive.profile.arming:
        for write in exchange.write:
            field = drive.profile.field(write.field)
            if field.coils is not None:
                wanted = [True] + [False] * (field.coils - 1)
                coils = WriteMultipleCoilsRequest(field.address, wanted, dev_id=drive.unit)
                assert not client.ask(coils).isError()
                back = ReadCoilsRequest(address=field.address, count=field.coils, dev_id=drive.unit)
                assert client.ask(back).bits[: field.coils] == wanted, write.field
                continue
            words = [0, 1] if field.words == 2 else [1]
            pdu = WriteMultipleRegistersRequest(address=field.address, registers=words, dev_id=drive.unit)
            if client.ask(pdu).isError():  # a value that it does not take
                continue
            read = ReadHoldingRegistersRequest(address=field.address, count=len(words), dev_id=drive.unit)
            assert client.ask(read).registers == words, write.field


def test_coils_are_switched_one_by_one_and_together_and_read_by_both_functions():
    client, drive = client_of("remote_io_coils")
    place = {"address": drive.profile.field(Quantity.DIGITAL_OUTPUTS).address, "dev_id": drive.unit}
    assert not client.ask(WriteMultipleCoilsRequest(bits=[True, False, True], **place)).isError()
    assert not client.ask(
        WriteSingleCoilRequest(address=place["address"] + 7, bits=[True], dev_id=drive.unit)
    ).isError()
    for kind in (ReadCoilsRequest, ReadDiscreteInputsRequest):
        assert client.ask(kind(count=8, **place)).bits == [True, False, True, *[False] * 4, True]
    assert drive.wiring.outputs == 0b1000_0101
    refused = client.ask(ReadCoilsRequest(count=65, **place))
    assert refused.exception_code == 3
    refused = client.ask(WriteSingleCoilRequest(address=0, bits=[True], dev_id=drive.unit))
    assert refused.exception_code == 2, "an input"


def test_single_and_multiple_writes_read_back(lines):
    client = lines["weld_line"]
    assert not client.ask(WriteSingleRegisterRequest(address=0x5100, registers=[25], dev_id=3)).isError()
    reply = client.ask(WriteMultipleRegistersRequest(address=0x5100, registers=[30, 1], dev_id=3))
    assert (reply.address, reply.count) == (0x5100, 2)
    reply = client.ask(ReadHoldingRegistersRequest(address=0x5100, count=2, dev_id=3))
    assert reply.registers == [30, 1]


def test_read_write_in_one_request(lines):
    pdu = ReadWriteMultipleRegistersRequest(
        read_address=0x4000, read_count=7, write_address=0x5000, write_registers=[6], dev_id=3
    )
    reply = lines["weld_line"].ask(pdu)
    assert reply.registers[0] & 0x6F == 0x21


@pytest.mark.parametrize(
    ("pdu", "code"),
    [
        (ReadWriteMultipleRegistersRequest(read_count=2, write_registers=[0], dev_id=1), 1),
        (ReadHoldingRegistersRequest(address=0x7F00, count=1, dev_id=3), 2),
        (ReadHoldingRegistersRequest(address=0x0012, count=11, dev_id=1), 3),
        (WriteSingleRegisterRequest(address=0x2001, registers=[0xFFFF], dev_id=4), 3),
    ],
)
def test_exceptions_are_understood(lines, pdu, code):
    reply = lines["weld_line"].ask(pdu)
    assert reply.isError()
    assert reply.exception_code == code


@pytest.mark.parametrize(
    ("line", "unit", "request_", "reply"),
    [  # bytes of the manuals, with the unit of the cell in place of theirs
        ("weld_line", 4, "2000 0012", "06 2000 0012"),  # C2000: forward
        ("weld_line", 4, "2000 0001", "06 2000 0001"),  # stop
        ("weld_line", 4, "2002 0002", "06 2002 0002"),  # reset
    ],
)
def test_the_manual_writes_of_the_inverter_are_echoed(lines, line, unit, request_, reply):
    from cell_sim.drives.modbus import with_crc

    client = lines[line].line
    client.write(with_crc(bytes((unit, 6)) + bytes.fromhex(request_)), 1.0)
    assert client.read(1.1) == with_crc(bytes((unit,)) + bytes.fromhex(reply))


# -- on a pseudo-terminal, as a process --------------------------------------------------------------


class Simulator:
    """The server process of one test."""

    def __init__(self, run_dir: Path) -> None:
        self.run_dir = run_dir
        command = [sys.executable, "-m", "cell_sim.server", str(CELL), "--run-dir", str(run_dir)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert self.process.stdout is not None
        ready, _, _ = select.select([self.process.stdout], [], [], 30)
        assert ready
        assert self.process.stdout.readline() == "simulator ready: 5 lines\n"

    def client(self, line: str) -> ModbusSerialClient:
        client = ModbusSerialClient(
            str(self.run_dir / line), baudrate=115200, stopbits=2, timeout=0.5, retries=0
        )
        assert client.connect()
        return client

    def end(self) -> int:
        if self.process.poll() is None:
            os.kill(self.process.pid, signal.SIGTERM)
        code = self.process.wait(30)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@pytest.fixture
def simulator(tmp_path) -> Iterator[Simulator]:
    simulator = Simulator(tmp_path)
    yield simulator
    assert simulator.end() == 0
    assert not list(tmp_path.glob("*_line"))


def command(simulator: Simulator, **words) -> dict:
    import json
    import socket

    with socket.socket(socket.AF_UNIX) as talk:
        talk.settimeout(5)
        talk.connect(str(simulator.run_dir / "sim.sock"))
        talk.sendall(json.dumps(words).encode() + b"\n")
        received = b""
        while not received.endswith(b"\n"):
            received += talk.recv(65536)
    return json.loads(received)


def silence() -> None:
    """The gap that pymodbus does not keep and that a drive needs to tell two frames apart."""
    select.select([], [], [], 0.004)


def wait_for(condition, timeout_s: float = 10.0):
    """Poll until the condition holds; the process under test has its own clock."""
    end_s = time.monotonic() + timeout_s
    while not (found := condition()):
        assert time.monotonic() < end_s, "did not happen in time"
        select.select([], [], [], 0.01)
    return found


def test_a_live_line_answers_moves_and_records(simulator):
    safety, weld = simulator.client("safety_line"), simulator.client("weld_line")
    try:
        assert not safety.write_register(0x0002, 3, device_id=1).isError()
        for word in (0x06, 0x07, 0x10F):
            assert not weld.write_register(0x5000, word, device_id=3).isError()
            silence()
        speed = (-6000) & 0xFFFFFFFF
        block = [0x0F, 3, speed & 0xFFFF, speed >> 16, 3000, 2000, 0]
        assert not weld.write_registers(0x5000, block, device_id=3).isError()
        wait_for(lambda: command(simulator, do="status")["axes"]["weld_z"][0] < 0.055)
        assert not weld.write_register(0x5000, 0x10F, device_id=3).isError()
        wait_for(lambda: command(simulator, do="status")["axes"]["weld_z"][1] == 0.0)
        text = wait_for(lambda: (simulator.run_dir / "motion.jsonl").read_text())
        wait_for(lambda: '"kind_of":"motion"' in (simulator.run_dir / "motion.jsonl").read_text())
        assert text
    finally:
        weld.close()
        safety.close()


def test_a_pulled_cable_fails_the_port_and_the_plug_brings_it_back(simulator):
    weld = simulator.client("weld_line")
    try:
        assert not weld.read_holding_registers(0x4000, count=7, device_id=3).isError()
        assert command(simulator, do="unplug", line="weld_line")["ok"]
        assert not (simulator.run_dir / "weld_line").exists()
        with pytest.raises((ModbusIOException, ConnectionException, OSError)):
            weld.read_holding_registers(0x4000, count=7, device_id=3)
        weld.close()
        assert command(simulator, do="plug", line="weld_line")["ok"]
        weld = simulator.client("weld_line")
        assert not weld.read_holding_registers(0x4000, count=7, device_id=3).isError()
    finally:
        weld.close()


def test_the_speed_of_a_port_counts_when_bytes_are_sent_not_when_it_is_opened(simulator):
    opened = os.open(simulator.run_dir / "weld_line", os.O_RDWR | os.O_NOCTTY)  # at 38400, as a new pty is
    try:
        select.select([], [], [], 0.2)  # the simulator looks at its ports every 50 ms
        weld = simulator.client("weld_line")
        try:
            assert not weld.read_holding_registers(0x4000, count=7, device_id=3).isError()
            weld.socket.baudrate = 9600
            with pytest.raises(ModbusIOException):
                weld.read_holding_registers(0x4000, count=7, device_id=3)
        finally:
            weld.close()
    finally:
        os.close(opened)


def test_commands_that_make_no_sense_are_answered_with_the_reason(simulator):
    assert "none of" in command(simulator, do="dance")["error"]
    assert "conveyor" in command(simulator, do="jam", conveyor="belt", on=True)["error"]
    assert not command(simulator, do="estop", on=1)["ok"]
    assert command(simulator, do="estop", on=True)["relay_closed"] is False


def test_a_second_simulator_in_the_same_directory_is_refused(simulator):
    argv = [sys.executable, "-m", "cell_sim.server", str(CELL), "--run-dir", str(simulator.run_dir)]
    second = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    assert second.returncode == 2
    assert "another simulator" in second.stderr


def test_a_path_that_is_no_link_is_not_replaced(tmp_path):
    (tmp_path / "weld_line").write_text("mine")
    argv = [sys.executable, "-m", "cell_sim.server", str(CELL), "--run-dir", str(tmp_path)]
    refused = subprocess.run(argv, capture_output=True, text=True, timeout=30, check=False)
    assert refused.returncode == 2
    assert (tmp_path / "weld_line").read_text() == "mine"


def test_it_ends_by_itself_after_the_last_port_was_closed(simulator):
    client = simulator.client("weld_line")
    assert not client.read_holding_registers(0x4000, count=1, device_id=3).isError()
    client.close()
    assert simulator.process.wait(30) == 0
