"""Arming against a drive of a dictionary: compare, write, read back, and what happens when it differs."""

import pytest

from cell_controller.drives.arming import Arming
from cell_controller.drives.profile import DriveProfile, Quantity, Source
from cell_controller.drives.protocols.request import ReadRegisters, WriteRegister, WriteRegisters


class Registers:
    """A drive that keeps what is written."""

    def __init__(self, **words: int) -> None:
        self.words: dict[int, int] = {}
        self.writes: list[int] = []
        self.deaf: set[int] = set()  # addresses that acknowledge and keep their old value

    def answer(self, arming: Arming, limit: int = 100) -> bool:
        """Serve the arming until it is done or comes to a problem."""
        for _ in range(limit):
            job = arming.job()
            if job is None:
                return True
            request = job.request
            if isinstance(request, ReadRegisters):
                span = range(request.address, request.address + request.count)
                if not arming.brought([self.words.get(at, 0) for at in span]):
                    return False
            else:
                assert isinstance(request, WriteRegister | WriteRegisters)
                values = request.values if isinstance(request, WriteRegisters) else (request.value,)
                for at, value in enumerate(values, request.address):
                    self.writes.append(at)
                    if at not in self.deaf:
                        self.words[at] = value
                arming.took()
        return False


@pytest.fixture
def drive() -> Registers:
    drive = Registers()
    drive.words |= {0x0102: 1, 0x0158: 0x0000, 0x0159: 0x0100, 0x015A: 0x86A0, 0x015B: 0x0001}
    return drive


@pytest.fixture
def arming(asda: DriveProfile) -> Arming:
    return Arming(asda, 1, {Source.WATCHDOG_TIMEOUT: 1.0})


def test_a_drive_is_armed_when_everything_reads_back(drive: Registers, arming: Arming) -> None:
    assert drive.answer(arming)
    assert arming.problem == ""
    assert (drive.words[0x0306], drive.words[0x0308]) == (1, 1)  # watchdog: stop, 1 s
    assert drive.writes[0] == 0x023C  # RAM only, before anything else is written


def test_another_drive_than_expected_is_refused_before_anything_is_written(
    drive: Registers, arming: Arming
) -> None:
    drive.words[0x015A] = 1  # another electronic gear: every position would be wrong
    assert not drive.answer(arming)
    assert arming.problem == "gear_denominator is 65537, must be 100000"
    assert drive.writes == []


def test_a_watchdog_that_does_not_read_back_is_a_problem(drive: Registers, arming: Arming) -> None:
    drive.deaf.add(0x0308)
    assert not drive.answer(arming)
    assert "watchdog_timeout reads back" in arming.problem
    assert not arming.is_done


def test_it_begins_again_after_a_problem_and_can_succeed(drive: Registers, arming: Arming) -> None:
    drive.deaf.add(0x0308)
    drive.answer(arming)
    drive.deaf.clear()
    assert drive.answer(arming)
    assert arming.problem == ""


def test_a_setting_in_eeprom_is_written_only_when_it_differs(inverter: DriveProfile) -> None:
    values = {Source.WATCHDOG_TIMEOUT: 0.9, Source.ACCELERATION: 100.0}
    drive = Registers()
    drive.words |= {0x0014: 1, 0x0015: 2, 0x0016: 0, 0x0100: 6000, 0x0A00: 1}
    drive.words |= {0x0902: 3, 0x0903: 0, 0x010C: 60, 0x010D: 60}  # watchdog as from the factory: off
    assert drive.answer(Arming(inverter, 1, values))
    assert drive.writes == [0x0902, 0x0903]
    assert (drive.words[0x0902], drive.words[0x0903]) == (1, 9)
    drive.writes.clear()
    assert drive.answer(Arming(inverter, 1, values))
    assert drive.writes == []


def test_the_audit_goes_through_all_settings_and_sees_a_lost_one(drive: Registers, arming: Arming) -> None:
    assert drive.answer(arming)
    drive.words[0x0308] = 0  # the watchdog is off again
    verdicts = []
    for number in range(10):
        request = arming.audit_request(number)
        assert isinstance(request, ReadRegisters)
        span = range(request.address, request.address + request.count)
        verdicts.append(arming.audit_holds(number, [drive.words.get(at, 0) for at in span]))
    assert verdicts.count(False) == 2  # once in each round of five


def test_outputs_get_their_declared_fallback(module: DriveProfile) -> None:
    drive = Registers()
    drive.words[module.field(Quantity.IDENTITY).address] = 0x494F
    values = {Source.WATCHDOG_TIMEOUT: 0.14, Source.OUTPUT_HOLD_MASK: 0b11}
    assert drive.answer(Arming(module, 1, values))
    assert [drive.words[at] for at in (0x0100, 0x0101, 0x0102)] == [14, 1, 0b11]
