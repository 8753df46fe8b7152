"""What a family does by itself and what it refuses, asked byte by byte."""

from __future__ import annotations

import pytest

from cell_sim.drives import VirtualDrive
from cell_sim.drives.modbus import with_crc
from support.profile_bench import PROFILES, ProfileBench


class Talk:
    """Says hexadecimal bodies to one drive, check sum added, a tenth of a second apart."""

    def __init__(self, profile: str) -> None:
        self.bench = ProfileBench(PROFILES[profile])
        self.drive: VirtualDrive = self.bench.device
        self.now_s = 0.0

    def say(self, body: str, after_s: float = 0.1) -> bytes:
        """Its answer without address and check sum."""
        self.now_s += after_s
        reply = self.drive.hear(with_crc(bytes((self.drive.unit,)) + bytes.fromhex(body)), self.now_s)
        assert reply is not None
        return reply[1:-2]

    def read(self, address: int, count: int = 1) -> list[int]:
        data = self.say(f"03 {address:04X} {count:04X}")[2:]
        return [int.from_bytes(data[i : i + 2]) for i in range(0, len(data), 2)]

    def write(self, address: int, value: int) -> None:
        """One word, which the drive has to take."""
        said = self.say(f"06 {address:04X} {value:04X}")
        assert said[0] == 6, said.hex(" ")

    def silence(self, duration_s: float) -> None:
        self.now_s += duration_s
        self.drive.advance(self.now_s)

    def heard_for(self, duration_s: float, address: int) -> None:
        """Time in which the drive is asked now and then."""
        for _ in range(round(duration_s / 0.1)):
            self.read(address)

    @property
    def speed(self) -> float:
        self.bench.now_s = self.now_s
        return self.bench.true_speed

    def power_cycle(self) -> None:
        self.drive.power_off(self.now_s)
        self.drive.power_on(self.now_s)


# Delta


def vfd_e() -> Talk:
    talk = Talk("delta_vfd_e")
    for address, value in ((0x0109, 10), (0x010A, 10), (0x0902, 1), (0x0903, 5)):
        talk.write(address, value)
    talk.write(0x2001, 3000)
    talk.write(0x2000, 0x0012)
    talk.heard_for(1.0, 0x2101)
    return talk


def test_a_vfd_e_that_hears_nothing_ramps_down_and_takes_the_next_command() -> None:
    talk = vfd_e()
    assert talk.speed == pytest.approx(1800.0)
    for _ in range(2):  # also the second time
        talk.silence(0.6)
        assert 0.0 < talk.speed < 1799.0
        talk.silence(1.5)
        assert talk.speed == 0.0
        assert talk.read(0x2100, 2) == [0, 0x0500]  # a warning on its display, no fault
        talk.write(0x2000, 0x0012)
        talk.heard_for(1.0, 0x2101)
        assert talk.speed == pytest.approx(1800.0)


def test_an_external_fault_lets_a_vfd_e_coast_and_needs_a_reset() -> None:
    talk = vfd_e()
    talk.write(0x2002, 0x0001)
    assert talk.read(0x2100) == [6]
    assert talk.read(0x2103) == [0]
    assert talk.speed > 1000.0
    talk.write(0x2000, 0x0012)
    assert talk.read(0x2101)[0] & 3 == 0
    talk.write(0x2002, 0x0002)
    assert talk.read(0x2100) == [0]
    talk.write(0x2000, 0x0012)
    assert talk.read(0x2101)[0] & 3 == 3


def test_a_vfd_e_keeps_its_settings_without_power() -> None:
    talk = vfd_e()
    talk.power_cycle()
    assert talk.read(0x0902, 2) == [1, 5]
    assert talk.read(0x0109, 2) == [10, 10]
    assert talk.read(0x2102) == [0]


def test_an_ms300_that_hears_nothing_is_in_fault_until_it_is_cleared() -> None:
    talk = Talk("delta_ms300")
    for address, value in ((0x010D, 100), (0x0902, 1), (0x0903, 5), (0x2001, 3000), (0x2000, 0x0012)):
        talk.write(address, value)
    talk.silence(5.0)
    assert talk.read(0x2100) == [58]
    talk.write(0x2000, 0x0012)
    talk.heard_for(0.5, 0x2101)
    assert talk.speed == 0.0
    talk.write(0x2002, 0x0002)
    talk.write(0x2000, 0x0012)
    talk.heard_for(0.5, 0x2101)
    assert talk.speed > 0.0


# LS


def ls(profile: str) -> Talk:
    talk = Talk(profile)
    talk.write(0x0006, 10)
    talk.write(0x0007, 10)
    talk.write(0x0004, 3000)
    return talk


@pytest.mark.parametrize("profile", ["ls_s100", "ls_ig5a"])
def test_the_status_of_an_ls_inverter_tells_each_phase(profile: str) -> None:
    talk = ls(profile)
    assert talk.read(0x000D) == [0x0001]
    talk.write(0x0005, 0x0004)
    assert talk.read(0x000D) == [0x0014]  # reverse, accelerating
    talk.heard_for(1.0, 0x000D)
    assert talk.read(0x000D) == [0x0044]  # at speed
    assert talk.speed == pytest.approx(-1800.0)
    talk.write(0x0005, 0x0001)
    assert talk.read(0x000D) == [0x0024]  # decelerating
    talk.heard_for(1.5, 0x000D)
    assert talk.read(0x000D) == [0x0001]
    assert talk.speed == 0.0


@pytest.mark.parametrize("profile", ["ls_s100", "ls_ig5a"])
def test_an_emergency_stop_lets_an_ls_inverter_coast_without_a_trip(profile: str) -> None:
    talk = ls(profile)
    talk.write(0x0005, 0x0002)
    talk.heard_for(1.0, 0x000D)
    talk.write(0x0005, 0x0010)
    assert talk.read(0x000D, 2) == [0x0001, 0]
    assert talk.speed > 1000.0
    talk.write(0x0005, 0x0002)
    assert talk.read(0x000D)[0] & 0x02


@pytest.mark.parametrize("profile", ["ls_s100", "ls_ig5a"])
def test_the_common_area_of_an_ls_inverter_is_gone_with_its_power(profile: str) -> None:
    talk = ls(profile)
    talk.power_cycle()
    assert talk.read(0x0004) == [0]
    assert talk.read(0x0006, 2) == [200, 300]


def test_a_lost_command_is_a_trip_of_an_s100_until_it_is_reset() -> None:
    talk = ls("ls_s100")
    talk.write(0x1B0B, 2)
    talk.write(0x1B0C, 5)
    talk.write(0x0005, 0x0002)
    talk.heard_for(1.0, 0x000D)
    talk.silence(3.0)
    assert talk.speed == 0.0
    assert talk.read(0x000D, 2) == [0x0009, 0x0008]
    talk.write(0x0005, 0x0002)
    assert talk.read(0x000D) == [0x0009]
    talk.write(0x0005, 0x0008)
    talk.write(0x0005, 0x0002)
    assert talk.read(0x000D)[0] & 0x0A == 0x02


def test_a_lost_command_lets_an_s100_coast_when_it_is_set_so() -> None:
    talk = ls("ls_s100")
    talk.write(0x1B0B, 1)
    talk.write(0x1B0C, 5)
    talk.write(0x0005, 0x0002)
    talk.heard_for(1.0, 0x000D)
    talk.silence(1.0)
    assert talk.read(0x0009) == [0]
    assert talk.speed > 1000.0


def test_the_groups_of_an_ig5a_are_locked_after_power_on() -> None:
    talk = ls("ls_ig5a")
    assert talk.say("06 A43D 0002").hex() == "8614"
    talk.write(0x0003, 1)
    talk.write(0xA43D, 2)
    talk.write(0xA43E, 5)
    talk.power_cycle()
    assert talk.read(0xA43D, 2) == [2, 5]  # kept, and locked again
    assert talk.say("06 A43D 0000").hex() == "8614"
    assert talk.say("06 0004 1771").hex() == "8603"  # 60.01 Hz


def test_a_lost_command_stops_an_ig5a_every_time_and_is_no_trip() -> None:
    talk = ls("ls_ig5a")
    for address, value in ((0x0003, 1), (0xA43D, 2), (0xA43E, 5)):
        talk.write(address, value)
    for _ in range(2):
        talk.write(0x0005, 0x0002)
        talk.heard_for(1.0, 0x000D)
        assert talk.speed == pytest.approx(1800.0)
        talk.silence(3.0)
        assert talk.speed == 0.0
        assert talk.read(0x000D, 2) == [0x0001, 0]


# Leadshine


def em2rs(definition: int = 0x0011) -> Talk:
    """On, with 2 revolutions at 60 rpm in path 0: 0.2 m at 0.1 m/s on this belt."""
    talk = Talk("leadshine_em2rs")
    talk.write(0x000F, 1)
    for address, value in enumerate((definition, 0, 20000, 60, 100, 100), 0x6200):
        talk.write(address, value)
    return talk


def moved_rev(talk: Talk) -> float:
    high, low = talk.read(0x1014, 2)
    return (high << 16 | low) / 10000.0


def test_a_path_needs_its_trigger_and_the_trigger_needs_enable() -> None:
    talk = em2rs()
    talk.heard_for(0.5, 0x1003)
    assert talk.speed == 0.0
    talk.write(0x000F, 0)
    talk.write(0x6002, 0x0010)
    talk.heard_for(0.5, 0x1003)
    assert talk.speed == 0.0
    talk.write(0x000F, 1)
    talk.write(0x6002, 0x0010)
    talk.heard_for(0.5, 0x1003)
    assert talk.read(0x1003)[0] & 0x07 == 0x06  # on and running
    talk.heard_for(2.0, 0x1003)
    assert talk.read(0x1003)[0] & 0x36 == 0x32  # on, command and path done
    assert moved_rev(talk) == pytest.approx(2.0)


def test_a_path_goes_on_from_where_it_stands_when_it_is_relative() -> None:
    talk = em2rs(0x0051)
    for _ in range(2):
        talk.write(0x6002, 0x0010)
        talk.heard_for(3.0, 0x1003)
    assert moved_rev(talk) == pytest.approx(4.0)


def test_a_path_that_may_not_interrupt_is_not_begun_meanwhile() -> None:
    talk = em2rs(0x0001)
    talk.write(0x6002, 0x0010)
    talk.heard_for(0.5, 0x1003)
    talk.write(0x6202, 5000)
    talk.write(0x6002, 0x0010)
    talk.heard_for(3.0, 0x1003)
    assert moved_rev(talk) == pytest.approx(2.0)


def test_it_stops_with_its_ramp_and_shows_no_path_done() -> None:
    talk = em2rs()
    talk.write(0x6002, 0x0010)
    talk.heard_for(1.0, 0x1003)
    talk.write(0x6002, 0x0040)
    talk.heard_for(0.3, 0x1003)
    assert talk.speed == 0.0
    assert 0.5 < moved_rev(talk) < 1.5
    assert talk.read(0x1003)[0] & 0x22 == 0x02


def test_only_what_is_mapped_is_shown() -> None:
    talk = em2rs()
    assert talk.read(0x0F00, 2) == [0, 0]
    talk.write(0x0F10, 0x1003)
    assert talk.read(0x0F00) == talk.read(0x1003)
    talk.power_cycle()
    assert talk.read(0x0F00) == [0]


def test_a_deviation_is_cleared_by_the_line_and_an_overcurrent_only_by_its_switch() -> None:
    talk = em2rs()
    talk.drive.trip(0x020)  # type: ignore[attr-defined]
    assert talk.read(0x2203) == [0x020]
    assert talk.read(0x1003)[0] & 0x03 == 0x01
    talk.write(0x1801, 0x1111)
    assert talk.read(0x2203) == [0]
    talk.drive.trip(0x001)  # type: ignore[attr-defined]
    talk.write(0x1801, 0x1111)
    talk.write(0x000F, 1)
    assert talk.read(0x2203) == [0x001]
    assert talk.read(0x1003)[0] & 0x02 == 0
    talk.power_cycle()
    assert talk.read(0x2203) == [0]


def test_it_looks_for_its_switch_only_when_it_is_told_to() -> None:
    talk = em2rs()
    talk.write(0x600A, 0x0000)  # to a limit switch, which is not wired
    talk.write(0x6002, 0x0020)
    talk.heard_for(0.5, 0x1003)
    assert talk.speed == 0.0
    assert talk.read(0x1003)[0] & 0x40 == 0
    talk.write(0x6002, 0x0021)
    assert talk.read(0x1003)[0] & 0x40


# A drive without a watchdog


def test_a_cia_402_drive_without_a_watchdog_goes_on_when_nobody_speaks() -> None:
    talk = Talk("cia402_modbus")
    for word in (0x06, 0x07, 0x0F):
        talk.write(0x2010, word)
    said = talk.say("10 2010 0007 0E 000F 0003 0000 0258 05DC 0000 07D0")  # 60.0 rpm
    assert said[0] == 0x10
    talk.silence(5.0)
    assert talk.speed == pytest.approx(0.1)
