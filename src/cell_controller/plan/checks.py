"""Checks of a cell against its drive profiles, one drive at a time."""

from __future__ import annotations

from collections.abc import Iterator
from math import pi

from cell_controller.config import (
    AxisDrive,
    CellFile,
    Drive,
    DriveKind,
    Finding,
    IoDrive,
    KeyPath,
    Severity,
    SpindleDrive,
)
from cell_controller.config.units import quantity
from cell_controller.config.validate import did_you_mean
from cell_controller.drives.profile import DriveProfile, Nameplate, Quantity, value_limits
from cell_controller.plan.make import Profiles, unverified, verbs_of


def profiles_fit_their_drives(cell: CellFile, profiles: Profiles) -> Iterator[Finding]:
    """Kind, speed and format of the line, and the kinds of setpoint."""
    for name, drive in cell.drives.items():
        profile = profiles.get(drive.profile)
        if profile is None:
            continue
        path: KeyPath = ("drives", name, "profile")
        line = cell.lines[drive.line]
        if profile.kind.value != drive.kind.value:
            text = f"describes a drive of kind {profile.kind.value}, not {drive.kind.value}"
            yield Finding(path, text, "choose another profile")
            continue
        if line.baud not in profile.serial.bauds:
            known = ", ".join(str(b) for b in profile.serial.bauds)
            text = f"does not know the {line.baud} baud of {drive.line}"
            yield Finding(path, text, f"set the line to one of {known}")
        if line.format.value not in [f.value for f in profile.serial.formats]:
            known = ", ".join(f.value for f in profile.serial.formats)
            text = f"does not know the format {line.format.value} of {drive.line}"
            yield Finding(path, text, f"set the line to one of {known}")
        for verb in verbs_of(cell, name):
            if verb not in profile.setpoints:
                text = f"takes no {verb.value.replace('_', ' ')}, which {name} needs"
                yield Finding(path, text, "choose another drive")


def travels_can_be_counted(cell: CellFile, profiles: Profiles) -> Iterator[Finding]:
    """Both ends of an axis fit into the register that its targets are written to."""
    for name, drive in cell.drives.items():
        profile = profiles.get(drive.profile)
        if (
            profile is None
            or not isinstance(drive, AxisDrive)
            or Quantity.TARGET_POSITION not in profile.fields
        ):
            continue
        low, high = (rev * drive.m_per_rev for rev in value_limits(profile.field(Quantity.TARGET_POSITION)))
        for key in ("min_m", "max_m"):
            if not low <= getattr(drive, key) <= high:
                text = f"{profile.name} counts from {quantity(low, 'm')} to {quantity(high, 'm')} only"
                yield Finding(("drives", name, key), text, "shorten the travel, or move it further in a turn")


def limits_are_inside_the_nameplate(cell: CellFile, profiles: Profiles) -> Iterator[Finding]:
    """Nothing is asked of a motor that its nameplate does not allow."""
    for name, drive in cell.drives.items():
        profile = profiles.get(drive.profile)
        if profile is None or profile.kind.value != drive.kind.value:
            continue
        for key, limit, unit, how in _nameplate_limits(drive, profile.nameplate):
            if getattr(drive, key) > limit:
                text = f"above the nameplate {quantity(limit, unit)} of {profile.name} ({how})"
                yield Finding(("drives", name, key), text, "lower it or choose a larger drive")


def _nameplate_limits(drive: Drive, plate: Nameplate) -> Iterator[tuple[str, float, str, str]]:
    """Key, limit, unit and derivation of what the nameplate says about a drive."""
    torque_nm = None
    if plate.rated_torque_nm is not None and plate.max_torque_percent is not None:
        torque_nm = plate.rated_torque_nm * plate.max_torque_percent / 100.0
    if isinstance(drive, AxisDrive):
        if plate.max_speed_rpm is not None:
            how = f"{quantity(plate.max_speed_rpm, 'rpm')} x {quantity(drive.m_per_rev, 'm/rev')}"
            yield "max_speed_m_s", plate.max_speed_rpm / 60.0 * drive.m_per_rev, "m/s", how
        if torque_nm is not None:
            how = f"{quantity(torque_nm, 'N m')} at {quantity(drive.m_per_rev, 'm/rev')}"
            yield "max_force_n", torque_nm * 2.0 * pi / drive.m_per_rev, "N", how
    if isinstance(drive, SpindleDrive):
        if plate.max_frequency_hz is not None:
            how = f"{quantity(plate.max_frequency_hz, 'Hz')} x {quantity(drive.rpm_per_hz, 'rpm/Hz')}"
            yield "max_speed_rpm", plate.max_frequency_hz * drive.rpm_per_hz, "rpm", how
        if torque_nm is not None:
            percent = quantity(plate.max_torque_percent or 0.0, "% of rated torque")
            yield "max_torque_nm", torque_nm, "N m", percent


def absolute_axes_have_absolute_encoders(cell: CellFile, profiles: Profiles) -> Iterator[Finding]:
    """An axis can only be called absolute when its drive can read an absolute encoder."""
    for name, drive in cell.drives.items():
        profile = profiles.get(drive.profile)
        if profile is None or not isinstance(drive, AxisDrive) or not drive.absolute:
            continue
        position = profile.fields.get(Quantity.POSITION)
        if position is not None and not position.absolute:
            text = f"{profile.name} does not keep its position without power"
            yield Finding(("drives", name, "absolute"), text, "write false or choose another drive")
        elif position is not None and position.absolute_rev is not None:
            yield from _begins_anew(cell, name, drive, profile, position.absolute_rev * drive.m_per_rev)


def _begins_anew(
    cell: CellFile, name: str, drive: AxisDrive, profile: DriveProfile, known_m: float
) -> Iterator[Finding]:
    """After power-up its position is right but for whole multiples of this: it may not matter which."""
    pitches = [c.pitch_m for c in cell.conveyors.values() if c.axis == name]
    known = quantity(known_m, "m")
    for pitch_m in pitches:
        if abs(known_m / pitch_m - round(known_m / pitch_m)) > 1e-6 or known_m < pitch_m:
            text = f"{profile.name} begins anew after {known}, which is no multiple of the pitch"
            remedy = "let one revolution be a whole number of pitches"
            yield Finding(("drives", name, "m_per_rev"), text, remedy)
    if not pitches and drive.max_m - drive.min_m > known_m:
        text = f"{profile.name} knows after power-up where it is within {known} only"
        remedy = "shorten the travel to that, move it further in a turn, or write false and home it"
        yield Finding(("drives", name, "absolute"), text, remedy)


def drives_know_their_reference(cell: CellFile, profiles: Profiles) -> Iterator[Finding]:
    """The drive can do what the cell file says about finding its zero."""
    for name, drive in cell.drives.items():
        profile = profiles.get(drive.profile)
        if profile is None or not isinstance(drive, AxisDrive) or drive.reference is None:
            continue
        if drive.reference not in profile.references:
            known = ", ".join(profile.references)
            remedy = f"use one of: {known}" if known else "choose another drive"
            yield Finding(("drives", name, "reference"), f"{profile.name} cannot do that", remedy)


def coasting_is_known(cell: CellFile, profiles: Profiles) -> Iterator[Finding]:
    """An inverter without an encoder shows 0 while its motor coasts: standstill then takes a time."""
    for name, drive in cell.drives.items():
        profile = profiles.get(drive.profile)
        if profile is None or not isinstance(drive, SpindleDrive) or profile.kind is not DriveKind.SPINDLE:
            continue
        if not profile.sees_coasting and drive.coast_s is None:
            text = f"missing, and {profile.name} does not see the shaft while its output is off"
            remedy = "measure the longest coast from full speed and write it as coast_s"
            yield Finding(("drives", name, "coast_s"), text, remedy)


def run_outs_are_known(cell: CellFile, profiles: Profiles) -> Iterator[Finding]:
    """What an enable stops has no ramp then: it runs out, by friction or by its brake."""
    for name, drive in cell.drives.items():
        profile = profiles.get(drive.profile)
        if profile is None or profile.watchdog.exists or isinstance(drive, IoDrive) or drive.enable is None:
            continue
        key = "run_out_s" if isinstance(drive, AxisDrive) else "coast_s"
        if getattr(drive, key) is None:
            text = f"missing, and {profile.name} has no ramp once {drive.enable} has opened"
            remedy = f"measure how long it takes to rest without torque, from full speed, as {key}"
            yield Finding(("drives", name, key), text, remedy)


def channels_exist(cell: CellFile, profiles: Profiles) -> Iterator[Finding]:
    """Every signal's channel is one that its module has."""
    for section, sort, attribute in (
        ("inputs", "inputs", "digital_inputs"),
        ("analog", "analog inputs", "analog_inputs"),
        ("outputs", "outputs", "digital_outputs"),
    ):
        for name, signal in getattr(cell.signals, section).items():
            profile = profiles.get(cell.drives[signal.module].profile)
            if profile is None or profile.kind.value != DriveKind.IO.value:
                continue
            count = getattr(profile.nameplate, attribute)
            if signal.channel >= count:
                text = f"{signal.module} ({profile.name}) has {count} {sort}, numbered from 0"
                yield Finding(("signals", section, name, "channel"), text, "use a channel that exists")


def unverified_fields_are_accepted(cell: CellFile, profiles: Profiles) -> Iterator[Finding]:
    """Fields known from memory only: a warning, and an error with `production: true`."""
    all_fields = [
        f"{name}.{field.value}"
        for name in sorted({d.profile for d in cell.drives.values()} & profiles.keys())
        for field in profiles[name].unverified()
    ]
    for index, entry in enumerate(cell.accepted_unverified):
        if entry not in all_fields:
            remedy = did_you_mean(entry, all_fields, "remove it")
            yield Finding(("accepted_unverified", index), "is no unverified field of a profile here", remedy)
    severity = Severity.ERROR if cell.production else Severity.WARNING
    entries = unverified(cell, profiles)
    for profile_name in dict.fromkeys(entry.partition(".")[0] for entry in entries):
        fields = [e.partition(".")[2] for e in entries if e.startswith(f"{profile_name}.")]
        drive = next(name for name, d in cell.drives.items() if d.profile == profile_name)
        text = f"{len(fields)} of its fields are known from memory only: {', '.join(fields)}"
        remedy = "check them on the hardware and mark them verified, or list them in accepted_unverified"
        yield Finding(("drives", drive, "profile"), text, remedy, severity=severity)


def silence_stops_every_drive(cell: CellFile, profiles: Profiles) -> Iterator[Finding]:
    """A drive without a watchdog needs a wire that opens on lost communication; else no Production."""
    severity = Severity.ERROR if cell.production else Severity.WARNING
    for name, drive in cell.drives.items():
        profile: DriveProfile | None = profiles.get(drive.profile)
        if profile is None or profile.kind.value != drive.kind.value:
            continue
        enable = None if isinstance(drive, IoDrive) else drive.enable
        if enable is None:
            if not profile.watchdog.exists:
                text = "has no communication watchdog"
                remedy = "wire its enable to an output that opens on lost communication; name it as enable"
                yield Finding(("drives", name, "profile"), text, remedy, severity=severity)
            continue
        path: KeyPath = ("drives", name, "enable")
        if not profile.watchdog.enable:
            text = f"{profile.name} says nothing of a hardwired enable"
            yield Finding(path, text, "remove it, or describe watchdog.enable in the profile")
        module = cell.signals.outputs[enable].module
        module_profile = profiles.get(cell.drives[module].profile)
        if module_profile is not None and not module_profile.watchdog.exists:
            text = f"{module} ({module_profile.name}) does not open it on lost communication"
            yield Finding(path, text, "use an output of a module that has a watchdog")
