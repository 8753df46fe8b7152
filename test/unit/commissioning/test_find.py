"""Scan, identify and read on simulated time, against the virtual drive of every profile."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from cell_controller.commissioning.errors import UnknownFieldNameError
from cell_controller.commissioning.identify import examine, identify, ranked
from cell_controller.commissioning.master import Master
from cell_controller.commissioning.reading import DriveReader, fields_named, readable, settings
from cell_controller.commissioning.scan import (
    Outcome,
    Probed,
    Setting,
    doubts,
    found,
    left_to_ask,
    scan,
    scan_again,
    settings_to_try,
)
from cell_controller.config import SerialFormat
from cell_controller.drives.profile import Access, Quantity
from cell_controller.drives.protocols import CODECS
from cell_sim.drives import VirtualLine
from cell_sim.drives.modbus import is_intact
from support.profile_bench import PROFILES, names
from support.wire_bench import UNIT, SimWire, WireBench

EVERY = names()
ALL = tuple(PROFILES.values())
# Families that no reading can tell apart: one is the other with another nameplate, or a bare minimum.
TWINS = {
    "delta_asda_a3": "delta_asda_b3",
    "delta_asda_b3": "delta_asda_a3",
    "delta_c2000": "delta_ms300",  # but for the encoder card it is one
}


def reader(bench: WireBench) -> DriveReader:
    return DriveReader(bench.master, bench.profile, UNIT)


@pytest.mark.parametrize("name", EVERY)
def test_every_readable_field_of_a_drive_is_read_and_nothing_is_written(name: str) -> None:
    bench = WireBench(PROFILES[name])
    values = tuple(reader(bench).each(readable(bench.profile)))
    assert {v.quantity for v in values} == set(readable(bench.profile))
    assert not [v for v in values if v.raw is None], values
    for value in values:
        field = bench.profile.field(value.quantity)
        assert value.raw == bench.device.raw(value.quantity) & (1 << field.bits) - 1
        assert field.access is not Access.WRITE
    assert all(frame[1] in (1, 2, 3, 4) for _, frame in bench.wire.sent if bench.profile.functions.codes)
    counters = bench.line.counters
    assert counters.broken == counters.too_early == counters.collisions == 0


def test_values_have_units_and_the_sign_that_other_bits_give_them() -> None:
    bench = WireBench(PROFILES["delta_c2000"])
    device = bench.device
    device.refresh = lambda: None  # type: ignore[method-assign]
    device.store(Quantity.SPEED, 4998)
    device.store(Quantity.STATUS_WORD, 0x0018 | 3)
    (value,) = reader(bench).each((Quantity.SPEED,))
    assert value.value == pytest.approx(-49.98)


def test_a_field_that_the_drive_refuses_is_named_and_the_others_are_read() -> None:
    bench = WireBench(PROFILES["delta_vfd_e"])
    stranger = DriveReader(bench.master, PROFILES["delta_c2000"], UNIT)
    values = {v.quantity: v for v in stranger.each((Quantity.ENCODER_TYPE, Quantity.WATCHDOG_ACTION))}
    assert values[Quantity.ENCODER_TYPE].raw is None
    assert values[Quantity.ENCODER_TYPE].problem == "refused: illegal data address"
    assert not values[Quantity.ENCODER_TYPE].is_silence
    assert values[Quantity.WATCHDOG_ACTION].raw is not None


def test_one_lost_reply_is_noise_and_two_are_silence() -> None:
    bench = WireBench(PROFILES["ls_s100"])
    bench.line.next_reply.drop = 1
    assert reader(bench).field(Quantity.MAX_SPEED).raw == 6000
    bench.line.next_reply.drop = 2
    lost = reader(bench).field(Quantity.MAX_SPEED)
    assert lost.raw is None
    assert lost.is_silence


def test_an_unknown_field_is_refused_with_those_there_are() -> None:
    profile = PROFILES["remote_io"]
    with pytest.raises(UnknownFieldNameError, match=r"no readable field 'sped'; there are .*digital_inputs"):
        fields_named(profile, ("sped",))
    assert fields_named(profile, ("identity",)) == (Quantity.IDENTITY,)


@pytest.mark.parametrize("name", EVERY)
def test_settings_are_what_stays_neither_measured_nor_commanded(name: str) -> None:
    profile = PROFILES[name]
    found_settings = settings(profile)
    armed = {w.field for e in profile.arming if e.is_kept for w in e.write} & set(readable(profile))
    assert set(found_settings).isdisjoint(set(profile.reads.fast.fields) - armed)
    compared = {t.field for t in profile.identity} - set(profile.reads.fast.fields)
    assert armed | compared <= set(found_settings)
    assert Quantity.CONTROL not in found_settings


# Scan


@pytest.mark.parametrize("name", EVERY)
def test_a_scan_finds_the_drive_at_its_own_setting_and_at_no_other(name: str) -> None:
    profile = PROFILES[name]
    bench = WireBench(profile)
    bauds = (bench.baud, 9600 if bench.baud != 9600 else 19200)
    tried = settings_to_try(ALL, bauds)
    probed = tuple(scan(bench.wire, tried, (UNIT - 1, UNIT), ALL))
    assert len(probed) == 2 * len(tried)
    assert found(probed) == {UNIT: (Setting(bench.baud, bench.form, profile.protocol),)}
    for one, (_, frame) in zip(probed, bench.wire.sent, strict=True):
        assert not CODECS[one.setting.protocol].heard(frame).is_write


def test_a_unit_whose_one_answer_was_lost_is_found_when_it_is_asked_once_more() -> None:
    bench = WireBench(PROFILES["ls_s100"])
    tried = (Setting(9600, bench.form), Setting(bench.baud, bench.form))
    bench.line.next_reply.drop = 1
    first = tuple(scan(bench.wire, tried, (UNIT, UNIT + 1), ALL))
    assert found(first) == {}
    second = tuple(scan_again(bench.wire, first, ALL))
    assert [(p.setting, p.unit) for p in second] == [(s, u) for s in tried for u in (UNIT, UNIT + 1)]
    assert found(first + second) == {UNIT: (tried[1],)}


@pytest.mark.parametrize("name", ["ls_s100", "robotis_dynamixel_x", "fastech_ezi_servo"])
def test_behind_an_echo_a_scan_finds_who_is_there_once_it_is_told(name: str) -> None:
    bench = WireBench(PROFILES[name])
    bench.line.echoes = True
    tried = (Setting(bench.baud, bench.form, bench.profile.protocol),)
    probed = tuple(scan(bench.wire, tried, (UNIT - 1, UNIT), ALL, echoes=True))
    assert [p.outcome.is_somebody for p in probed] == [False, True]
    assert probed[0].outcome is Outcome.SILENCE
    probed = tuple(scan(bench.wire, tried, (UNIT - 1, UNIT), ALL))
    assert [p.outcome for p in probed] == [Outcome.ECHO, Outcome.ECHO]
    assert found(probed) == {}
    assert any("Say --echo" in text for text in doubts(probed, is_pty=False))


def test_an_echo_that_was_announced_and_does_not_come_is_not_taken_for_nobody() -> None:
    bench = WireBench(PROFILES["ls_s100"])
    tried = (Setting(bench.baud, bench.form),)
    probed = tuple(scan(bench.wire, tried, (UNIT - 1, UNIT), ALL, echoes=True))
    assert [p.outcome for p in probed] == [Outcome.SILENCE, Outcome.NOISE]


def test_silent_units_are_asked_again_only_where_somebody_answered() -> None:
    fast, slow = Setting(115200, SerialFormat.N2), Setting(9600, SerialFormat.N2)
    probed = [Probed(setting, unit, Outcome.SILENCE) for setting in (slow, fast) for unit in (1, 2, 3)]
    assert left_to_ask(probed) == ((1, 2, 3), (slow, fast))
    probed[4] = Probed(fast, 2, Outcome.REFUSAL)
    assert left_to_ask(probed) == ((1, 3), (fast,))
    assert left_to_ask([Probed(fast, 2, Outcome.ANSWER)]) == ((), ())


def test_a_refusal_counts_as_an_answer() -> None:
    bench = WireBench(PROFILES["delta_c2000"])
    (one,) = scan(bench.wire, (Setting(bench.baud, bench.form),), (UNIT,), ALL)
    assert one.outcome is Outcome.REFUSAL


def test_a_broken_answer_is_somebody_of_whom_nothing_is_known() -> None:
    bench = WireBench(PROFILES["delta_c2000"])
    bench.line.next_reply.corrupt = 1
    probed = tuple(scan(bench.wire, (Setting(bench.baud, bench.form),), (UNIT,), ALL))
    assert [p.outcome for p in probed] == [Outcome.NOISE]
    assert found(probed) == {}
    assert any("no frame when unit 5 was asked" in text for text in doubts(probed, is_pty=False))


def test_what_a_receiver_does_not_look_at_is_said_to_be_unknown() -> None:
    bench = WireBench(PROFILES["delta_c2000"], form=SerialFormat.N2)
    bench.line.stop_bits = 0  # as most receivers: the first stop bit is all they look at
    bench.line.parity = ""
    tried = tuple(Setting(bench.baud, form) for form in SerialFormat)
    said = doubts(tuple(scan(bench.wire, tried, (UNIT,), ALL)), is_pty=False)
    assert any(text.startswith("parity of unit 5: it answered with N, E, O") for text in said)
    assert any(text.startswith("stop bits of unit 5: it answered with 1, 2") for text in said)
    assert any(
        "pseudo-terminal" in text
        for text in doubts(tuple(scan(bench.wire, tried, (UNIT,), ALL)), is_pty=True)
    )


def test_silence_is_explained() -> None:
    bench = WireBench(PROFILES["delta_c2000"])
    probed = tuple(scan(bench.wire, (Setting(bench.baud, bench.form),), (9,), ALL))
    assert [p.outcome for p in probed] == [Outcome.SILENCE]
    assert any("Modbus ASCII" in text for text in doubts(probed, is_pty=False))


def test_the_makers_defaults_are_tried_first() -> None:
    tried = settings_to_try(ALL)
    defaults = [p.serial.default_baud for p in ALL]
    assert tried[0].baud == max(set(defaults), key=defaults.count)
    assert len(set(tried)) == len(tried)
    assert {s.baud for s in settings_to_try(ALL, (19200,))} == {19200}


class BabblingWire(SimWire):
    """Somebody sends all the time."""

    def wait(self, until_s: float) -> bytes:
        self.now_s += 0.0005
        return bytes(8)


def test_a_line_that_is_never_silent_is_noise_and_nobody_is_waited_for_for_ever() -> None:
    bench = WireBench(PROFILES["delta_c2000"])
    wire = BabblingWire(bench.line)
    (one,) = scan(wire, (Setting(bench.baud, bench.form),), (UNIT,), ALL)
    assert one.outcome is Outcome.NOISE
    quiet = Master(wire, bench.speed, CODECS[bench.profile.protocol])
    value = DriveReader(quiet, bench.profile, UNIT).field(Quantity.MAX_SPEED)
    assert value.raw is None
    assert not value.is_silence
    assert wire.now_s < 10.0


@settings_of_hypothesis(max_examples=50)
@given(st.lists(st.binary(max_size=40), min_size=1, max_size=12))
def test_whatever_comes_back_a_reader_ends_and_takes_no_broken_frame(replies: list[bytes]) -> None:
    bench = WireBench(PROFILES["ls_s100"])
    wire = HostileWire(bench.line, list(replies))
    reader = DriveReader(Master(wire, bench.speed, CODECS[bench.profile.protocol]), bench.profile, UNIT)
    value = reader.field(Quantity.MAX_SPEED)
    assert value.raw is None or any(is_intact(reply) for reply in replies)
    assert wire.now_s < 5.0


class HostileWire(SimWire):
    """Answers every request with the next of these."""

    def __init__(self, line: VirtualLine, replies: list[bytes]) -> None:
        super().__init__(line)
        self._replies, self._due = replies, b""

    def write(self, data: bytes) -> None:
        self._due = self._replies.pop(0) if self._replies else b""

    def wait(self, until_s: float) -> bytes:
        data, self._due = self._due, b""
        self.now_s = self.now_s + 0.002 if data else max(self.now_s, until_s)
        return data


# Identify


@pytest.mark.parametrize("name", EVERY)
def test_the_profile_of_a_drive_comes_out_first_and_nothing_speaks_against_it(name: str) -> None:
    bench = WireBench(PROFILES[name])
    spoken = tuple(p for p in ALL if p.protocol == bench.profile.protocol)
    fits = ranked(tuple(identify(bench.master, UNIT, spoken)))
    own = next(f for f in fits if f.profile == name)
    assert own.is_set_up, own
    equal = [f.profile for f in fits if f.is_set_up]
    assert fits[0].profile in (name, TWINS.get(name))
    assert set(equal) <= {name, TWINS.get(name)}


def test_a_drive_that_is_set_otherwise_still_fits_and_the_setting_is_named() -> None:
    bench = WireBench(PROFILES["delta_c2000"])
    bench.device.store(Quantity.COMMAND_SOURCE, 0)
    fit = examine(reader(bench))
    assert fit.is_possible
    assert not fit.is_set_up
    assert fit.matching == fit.tests - 1
    assert fit.against == ("command_source is 0, must be 2 (00-21)",)


def test_values_that_cannot_be_speak_against_a_profile() -> None:
    bench = WireBench(PROFILES["delta_c2000"])
    bench.device.refresh = lambda: None  # type: ignore[method-assign]
    bench.device.store(Quantity.CURRENT, 65535)
    bench.device.store(Quantity.TEMPERATURE, 9999)
    against = examine(reader(bench)).against
    assert "current is 655.35 a, more than 225 is not possible" in against
    assert "temperature is 999.9 C" in against


def test_a_silent_drive_is_asked_once_a_profile() -> None:
    bench = WireBench(PROFILES["delta_c2000"])
    bench.device.is_mute = True
    fit = examine(reader(bench))
    assert fit.readable == 0
    assert "did not answer" in fit.against[0]
    assert len(bench.wire.sent) == 2
