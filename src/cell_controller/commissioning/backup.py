"""The settings of one drive as a file, and what differs from it or from what a cell file wants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from cell_controller.commissioning.errors import BackupError
from cell_controller.commissioning.reading import FieldValue
from cell_controller.drives.profile import (
    DriveProfile,
    Memory,
    Quantity,
    Source,
    decode_field,
    encode_exchange,
    to_raw,
)

VERSION = 1


@dataclass(frozen=True, slots=True)
class Backup:
    """What a drive was set to. Raw register contents count; values and units are for people."""

    profile: str
    unit: int
    at: str  # date and time, ISO 8601
    raws: Mapping[Quantity, int]


@dataclass(frozen=True, slots=True)
class Drift:
    """One setting that is not what it should be.

    is_armed: the controller writes it at every arming, the drive forgets it without power: no drift then.
    """

    quantity: Quantity
    present: str
    wanted: str
    note: str = ""
    is_armed: bool = False


def encode(profile: DriveProfile, unit: int, at: str, values: Sequence[FieldValue]) -> str:
    """The text of a backup; fields that could not be read are left out."""
    fields = {
        v.quantity.value: {
            "address": profile.field(v.quantity).address,
            "raw": v.raw,
            "value": round(v.value, 9),
            "unit": v.unit.value,
        }
        for v in values
        if v.raw is not None
    }
    data = {
        "version": VERSION,
        "profile": profile.name,
        "family": profile.family,
        "unit": unit,
        "at": at,
        "fields": fields,
    }
    yaml = YAML(typ="safe", pure=True)
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]  # a flag, None in its class
    yaml.default_flow_style, yaml.width = None, 110
    text = StringIO()
    yaml.dump(data, text)
    return text.getvalue()


def decode(text: str) -> Backup:
    """BackupError when it is no backup, or one of a field that this version does not know."""
    try:
        data: Any = YAML(typ="safe", pure=True).load(text)
    except YAMLError as error:
        raise BackupError(f"not a backup of drive settings: {error}") from error
    if not isinstance(data, dict):
        raise BackupError("not a backup of drive settings: it has no keys")
    missing = [key for key in ("version", "profile", "unit", "at", "fields") if key not in data]
    if data.get("version", VERSION) != VERSION:
        raise BackupError(f"version {data['version']}, this controller reads {VERSION}")
    if missing:
        raise BackupError(f"not a backup of drive settings: it has no {', '.join(missing)}")
    if not isinstance(data["fields"], dict):
        raise BackupError("not a backup of drive settings: fields has no keys")
    raws = dict(_field(name, entry) for name, entry in data["fields"].items())
    return Backup(str(data["profile"]), _whole("unit", data["unit"]), str(data["at"]), raws)


def _field(name: object, entry: object) -> tuple[Quantity, int]:
    if name not in Quantity._value2member_map_:
        raise BackupError(f"not a backup of drive settings: fields.{name} is not known here")
    raw = entry.get("raw") if isinstance(entry, dict) else None
    return Quantity(str(name)), _whole(f"fields.{name}.raw", raw)


def _whole(key: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise BackupError(f"{key} = {value!r}: is no register content, a whole number from 0")
    return value


def against_backup(profile: DriveProfile, values: Sequence[FieldValue], backup: Backup) -> tuple[Drift, ...]:
    """Settings that are not what they were; BackupError for a backup of another family."""
    if backup.profile != profile.name:
        raise BackupError(f"it is a backup of a {backup.profile}, this drive is a {profile.name}")
    present = {v.quantity: v for v in values}
    found = []
    for quantity, raw in backup.raws.items():
        value = present.get(quantity)
        if value is None:
            found.append(Drift(quantity, "not a setting of this profile", str(raw)))
        elif raw >> profile.field(quantity).bits:
            bits = profile.field(quantity).bits
            raise BackupError(f"fields.{quantity.value}.raw = {raw}: the register has {bits} bits only")
        elif value.raw != raw:
            found.append(Drift(quantity, _shown(profile, value), _said(profile, quantity, raw)))
    missing = [q for q, v in present.items() if q not in backup.raws and v.raw is not None]
    found += [Drift(q, _shown(profile, present[q]), "not in the backup") for q in missing]
    return tuple(found)


def against_cell(
    profile: DriveProfile, values: Sequence[FieldValue], armed: Mapping[Source, float]
) -> tuple[Drift, ...]:
    """Settings that are not what the controller compares or writes; `armed` is what arming writes."""
    present = {v.quantity: v for v in values}
    found = []
    for test in profile.identity:
        value = present.get(test.field)
        if value is not None and (value.raw is None or not test.holds(value.raw)):
            wanted = f"{test.equals}" if test.equals is not None else f"not {test.differs}"
            note = f"never written: set it on the drive. {profile.field(test.field).note}"
            found.append(Drift(test.field, _shown(profile, value), wanted, note))
    for quantity, raw in _armed(profile, armed).items():
        value = present.get(quantity)
        if value is not None and value.raw != raw:
            is_armed = profile.field(quantity).memory is Memory.VOLATILE
            note = "written at every arming" if is_armed else "written once, at the next arming"
            found.append(
                Drift(quantity, _shown(profile, value), _said(profile, quantity, raw), note, is_armed)
            )
    return tuple(found)


def _armed(profile: DriveProfile, values: Mapping[Source, float]) -> dict[Quantity, int]:
    """Register contents after arming."""
    found: dict[Quantity, int] = {}
    for exchange in (e for e in profile.arming if e.is_kept):
        first, words = encode_exchange(profile, exchange, values)
        for write in exchange.write:
            field = profile.field(write.field)
            start = field.address - first
            found[write.field] = to_raw(profile, field, words[start : start + field.end - field.address])
    return found


def _shown(profile: DriveProfile, value: FieldValue) -> str:
    if value.raw is None:
        return f"cannot be read, {value.problem}"
    return _said(profile, value.quantity, value.raw)


def _said(profile: DriveProfile, quantity: Quantity, raw: int) -> str:
    field = profile.field(quantity)
    return f"{decode_field(profile, quantity, raw):.6g} {field.unit.value} (0x{raw:0{field.bits // 4}X})"
