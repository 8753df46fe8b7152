"""Export and compare, against the virtual drive of every profile."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cell_controller.commissioning.backup import against_backup, against_cell, decode, encode
from cell_controller.commissioning.bench import bench_drive, bench_watchdog_s
from cell_controller.commissioning.errors import BackupError
from cell_controller.commissioning.reading import DriveReader, FieldValue, settings
from cell_controller.drives.line_setup import own_values
from cell_controller.drives.profile import Memory, Quantity
from support.profile_bench import PROFILES, names
from support.wire_bench import UNIT, WireBench

AT = "2026-05-04T03:02:01+00:00"


def read(bench: WireBench) -> tuple[FieldValue, ...]:
    reader = DriveReader(bench.master, bench.profile, UNIT)
    return tuple(reader.each(settings(bench.profile)))


@pytest.mark.parametrize("name", names())
def test_a_backup_has_every_setting_and_the_drive_does_not_differ_from_it(name: str) -> None:
    bench = WireBench(PROFILES[name])
    values = read(bench)
    backup = decode(encode(bench.profile, UNIT, AT, values))
    assert (backup.profile, backup.unit, backup.at) == (name, UNIT, AT)
    assert backup.raws == {v.quantity: v.raw for v in values}
    assert against_backup(bench.profile, read(bench), backup) == ()


@pytest.mark.parametrize("name", [n for n in names() if settings(PROFILES[n])])
def test_a_setting_that_was_changed_is_found(name: str) -> None:
    bench = WireBench(PROFILES[name])
    backup = decode(encode(bench.profile, UNIT, AT, read(bench)))
    changed = settings(bench.profile)[-1]
    bench.device.store(changed, bench.device.raw(changed) ^ 1)
    (drift,) = against_backup(bench.profile, read(bench), backup)
    assert drift.quantity is changed
    assert drift.present != drift.wanted


def test_a_backup_of_another_family_is_refused() -> None:
    bench, other = WireBench(PROFILES["ls_s100"]), WireBench(PROFILES["delta_c2000"])
    backup = decode(encode(other.profile, UNIT, AT, read(other)))
    with pytest.raises(BackupError, match="a backup of a delta_c2000, this drive is a ls_s100"):
        against_backup(bench.profile, read(bench), backup)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("version: 2", "version 2"),
        ("[1, 2]", "not a backup"),
        ("a: b: c", "not a backup"),
        ("", "it has no keys"),
        ("version: 1\nprofile: x", "it has no unit, at, fields"),
        ("version: 1\nprofile: x\nunit: 1\nat: x\nfields: 3", "fields has no keys"),
        ("version: 1\nprofile: x\nunit: one\nat: x\nfields: {}", "unit = 'one': is no register content"),
        ("version: 1\nprofile: x\nunit: 1\nat: x\nfields: {speed: 4}", "speed.raw = None: is no register"),
        ("version: 1\nprofile: x\nunit: 1\nat: x\nfields: {speed: {raw: -5}}", "raw = -5: is no register"),
        ("version: 1\nprofile: x\nunit: 1\nat: x\nfields: {speed: {raw: true}}", "no register content"),
        ("version: 1\nprofile: x\nunit: 1\nat: x\nfields: {sped: {raw: 1}}", "sped"),
    ],
)
def test_what_is_no_backup_is_refused(text: str, why: str) -> None:
    with pytest.raises(BackupError, match=why):
        decode(text)


@pytest.mark.parametrize("name", names())
def test_a_drive_from_the_factory_differs_by_what_arming_writes_and_by_nothing_else(name: str) -> None:
    bench = WireBench(PROFILES[name])
    profile = bench.profile
    armed = own_values(bench_drive(profile, UNIT), bench_watchdog_s(profile, bench.speed))
    drifts = against_cell(profile, read(bench), armed)
    written = {w.field for e in profile.arming for w in e.write}
    assert {d.quantity for d in drifts} <= written
    for drift in drifts:
        assert drift.is_armed is (profile.field(drift.quantity).memory is Memory.VOLATILE)
    if profile.watchdog.exists:
        assert Quantity.WATCHDOG_TIMEOUT in {d.quantity for d in drifts}


def test_a_setting_that_is_never_written_says_so() -> None:
    bench = WireBench(PROFILES["delta_c2000"])
    bench.device.store(Quantity.STOP_METHOD, 1)
    profile = bench.profile
    armed = own_values(bench_drive(profile, UNIT), 0.5)
    (drift,) = [d for d in against_cell(profile, read(bench), armed) if d.quantity is Quantity.STOP_METHOD]
    assert not drift.is_armed
    assert drift.wanted == "0"
    assert drift.note == "never written: set it on the drive. 00-22: 0 ramp, 1 coast"


def test_a_content_that_the_register_cannot_hold_is_refused() -> None:
    bench = WireBench(PROFILES["delta_c2000"])
    backup = decode(encode(bench.profile, UNIT, AT, read(bench)))
    quantity = next(iter(backup.raws))
    spoilt = replace(backup, raws={**backup.raws, quantity: 99_999_999})
    with pytest.raises(
        BackupError, match=rf"fields.{quantity}.raw = 99999999: the register has 16 bits only"
    ):
        against_backup(bench.profile, read(bench), spoilt)
