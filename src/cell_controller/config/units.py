"""The unit at the end of a key's name, as operators read it."""

from __future__ import annotations

# Longest ending first: _m_s2 is not seconds.
_ENDINGS = (
    ("revolutions_per_mm_min", "rev/mm"),
    ("rpm_per_hz", "rpm/Hz"),
    ("m_per_rev", "m/rev"),
    ("_kg_m2", "kg m²"),
    ("_m_s2", "m/s²"),
    ("_m_s", "m/s"),
    ("_n_m", "N/m"),
    ("_nm", "N m"),
    ("_rpm", "rpm"),
    ("_hz", "Hz"),
    ("_kg", "kg"),
    ("_um", "µm"),
    ("_m", "m"),
    ("_n", "N"),
    ("_c", "°C"),
    ("_w", "W"),
    ("_a", "A"),
    ("_s", "s"),
)


def unit_of(key: str) -> str:
    """The unit of the value of a key, "" where the name carries none."""
    return next((unit for ending, unit in _ENDINGS if key.endswith(ending)), "")


def unit_at(path: tuple[str | int, ...]) -> str:
    """The unit of the value at a path; in a section like depth_floor_m that of its values."""
    keys = [part for part in path if isinstance(part, str)]
    if not keys:
        return ""
    above = keys[-2] if len(keys) > 1 and keys[-2].startswith(("max_", "depth_")) else ""
    return unit_of(keys[-1]) or unit_of(above)


def quantity(value: float, unit: str) -> str:
    """A number with its unit, without digits that nobody needs."""
    return f"{value:.6g} {unit}".rstrip()
