"""Checks of what the interlock watches: limits that can be passed, warnings before trips, own inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import inf, pi

from cell_controller.config.models import AnalogWatch, CellFile, InputRule, OpeningKind, Recipe
from cell_controller.config.problems import Finding, KeyPath
from cell_controller.config.units import quantity, unit_of

_HARD = (InputRule.ESTOP, InputRule.GUARD, InputRule.RELAY)
_RAW_MAX = 0xFFFF  # analog inputs of modules are words


def warnings_come_before_trips(cell: CellFile) -> Iterator[Finding]:
    """Somebody who is warned has time to do something."""
    trips = cell.safety.trips
    for key in ("overspeed", "acceleration"):
        trip, warning = getattr(trips, f"{key}_trip"), getattr(trips, f"{key}_warning")
        if warning >= trip:
            text = f"not below {key}_trip = {quantity(trip, '')}"
            yield Finding(("safety", "trips", f"{key}_warning"), text, "lower it")
    for name, watch in cell.safety.analog.items():
        path: KeyPath = ("safety", "analog", name)
        if watch.trip_above is None and watch.trip_below is None:
            yield Finding(path, "has no limit that trips", "add trip_above or trip_below")
        elif _or(watch.trip_below, -inf) >= _or(watch.trip_above, inf):
            text = f"not below trip_above = {quantity(_or(watch.trip_above, inf), unit_of(name))}"
            yield Finding((*path, "trip_below"), text, "swap or correct them")
        yield from _warnings(path, name, watch)


def _or(value: float | None, instead: float) -> float:
    return instead if value is None else value


def _warnings(path: KeyPath, name: str, watch: AnalogWatch) -> Iterator[Finding]:
    unit = unit_of(name)
    if watch.warn_above is not None and (watch.trip_above is None or watch.warn_above >= watch.trip_above):
        limit = ", which is missing" if watch.trip_above is None else f" = {quantity(watch.trip_above, unit)}"
        yield Finding((*path, "warn_above"), f"not below trip_above{limit}", "lower it, or add the trip")
    if watch.warn_below is not None and (watch.trip_below is None or watch.warn_below <= watch.trip_below):
        limit = ", which is missing" if watch.trip_below is None else f" = {quantity(watch.trip_below, unit)}"
        yield Finding((*path, "warn_below"), f"not above trip_below{limit}", "raise it, or add the trip")


def hard_stops_trip_at_once(cell: CellFile) -> Iterator[Finding]:
    """E-stop, guard and relay have no delay and no time at which they do not count."""
    for name, watched in cell.safety.inputs.items():
        if watched.rule not in _HARD:
            continue
        path: KeyPath = ("safety", "inputs", name)
        if watched.for_s > 0.0:
            yield Finding((*path, "for_s"), f"rule {watched.rule.value} trips at once", "remove it")
        if watched.while_turning is not None:
            yield Finding((*path, "while_turning"), f"rule {watched.rule.value} counts always", "remove it")


def watched_inputs_are_different(cell: CellFile) -> Iterator[Finding]:
    """One contact cannot stand for two: a second channel is an input of its own."""
    safety = cell.safety
    used = {name: f"safety.inputs.{name}" for name in safety.inputs}
    used.setdefault(safety.guard_locked, "safety.guard_locked")
    for name, watched in safety.inputs.items():
        if watched.second is None:
            continue
        if watched.second in used:
            text = f"is {used[watched.second]} already"
            yield Finding(
                ("safety", "inputs", name, "second"), text, "wire the other channel to its own input"
            )
        used.setdefault(watched.second, f"safety.inputs.{name}.second")
    device = safety.enabling_device
    if device is not None and device in used:
        text = f"is {used[device]} already"
        yield Finding(("safety", "enabling_device"), text, "wire the device to an input of its own")


def process_limits_can_be_passed(cell: CellFile) -> Iterator[Finding]:
    """A limit outside what the signal can show would never trip, or always."""
    for name, watch in cell.safety.analog.items():
        signal = cell.signals.analog[name]
        ends = sorted((signal.offset, signal.offset + signal.scale * _RAW_MAX))
        for key in ("trip_above", "trip_below"):
            limit = getattr(watch, key)
            if limit is not None and not ends[0] < limit < ends[1]:
                unit = unit_of(name)
                shown = f"{quantity(ends[0], unit)} to {quantity(ends[1], unit)}"
                text = f"outside what {name} can show, {shown}"
                yield Finding(("safety", "analog", name, key), text, "correct it, or the signal's scale")


def openings_are_described(cell: CellFile) -> Iterator[Finding]:
    """Each opening is seen by a safety input, and has what its distance is computed from."""
    for name, opening in cell.safety.openings.items():
        path: KeyPath = ("safety", "openings", name)
        if opening.input not in cell.safety.inputs:
            known = ", ".join(cell.safety.inputs)
            yield Finding((*path, "input"), "is no safety input", f"use one of: {known}")
        if opening.kind is not OpeningKind.LOCKED and opening.distance_m is None:
            yield Finding(
                (*path, "distance_m"), "missing key", "add it (way from the opening to the machine)"
            )
        is_curtain = opening.kind is OpeningKind.LIGHT_CURTAIN
        if is_curtain and opening.resolution_m is None:
            yield Finding((*path, "resolution_m"), "missing key", "add it (the finest that the curtain sees)")
        elif not is_curtain and opening.resolution_m is not None:
            yield Finding((*path, "resolution_m"), "only a light curtain has one", "remove it")


def floors_are_under_the_tool(cell: CellFile) -> Iterator[Finding]:
    """A depth floor belongs to an axis that enters the material, inside its limits, below its safe place."""
    safe_m = {s.z: s.safe_z_m for s in cell.welding_robots.values()}
    safe_m |= {s.infeed: s.safe_infeed_m for s in cell.grinding_spindles.values()}
    for name, floor_m in cell.safety.depth_floor_m.items():
        path: KeyPath = ("safety", "depth_floor_m", name)
        if name not in safe_m:
            known = ", ".join(safe_m)
            yield Finding(path, f"{name} does not enter the material", f"use one of: {known}")
        elif floor_m < cell.axis(name).min_m:
            text = f"below min_m of {name}, {quantity(cell.axis(name).min_m, 'm')}: it would never trip"
            yield Finding(path, text, "raise it")
        elif floor_m >= safe_m[name]:
            yield Finding(path, f"not below the safe position, {quantity(safe_m[name], 'm')}", "lower it")


def power_trips_can_be_reached(cell: CellFile) -> Iterator[Finding]:
    """Power above torque limit times speed limit would never trip: the torque does before."""
    for name, drive in cell.drives.items():
        power_w = getattr(drive, "max_power_w", None)
        if power_w is None:
            continue
        spindle = cell.spindle(name)
        most_w = spindle.max_torque_nm * spindle.permitted_rpm * pi / 30.0
        if power_w > most_w:
            text = f"above max_torque_nm at the permitted speed, {quantity(most_w, 'W')}: it would never trip"
            yield Finding(("drives", name, "max_power_w"), text, "lower it")


def recipes_stay_below_the_trips(cell: CellFile, recipes: Mapping[str, Recipe]) -> Iterator[Finding]:
    """The process controller has to act before the interlock does."""
    for name, recipe in recipes.items():
        for station in cell.grinding_spindles.values():
            limit_w = cell.spindle(station.wheel).max_power_w
            if limit_w is not None and recipe.grind.power_max_w >= limit_w:
                text = f"not below the trip limit of {station.wheel}, {quantity(limit_w, 'W')}"
                yield Finding(("grind", "power_max_w"), text, "lower it", name)
        for robot in cell.welding_robots.values():
            watch = cell.safety.analog.get(robot.temperature)
            limit_c = watch.trip_above if watch else None
            if limit_c is not None and recipe.weld.limits.temperature_max_c >= limit_c:
                text = f"not below the trip limit of {robot.temperature}, {quantity(limit_c, '°C')}"
                yield Finding(("weld", "limits", "temperature_max_c"), text, "lower it", name)
