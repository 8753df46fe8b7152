"""What the interlock watches besides the drives: inputs, process values, and how close is too close."""

from __future__ import annotations

from pydantic import Field

from cell_controller.config.values import (
    AnalogRule,
    Flag,
    InputRule,
    Name,
    NonNegative,
    Number,
    OpeningKind,
    Positive,
    Strict,
)


class SafetyInput(Strict):
    """One input that must be on; missing or old counts as off."""

    rule: InputRule = Field(description="rule that trips when it is off")
    is_recoverable: Flag = Field(description="a recovery permit is possible while the rule is tripped")
    second: Name | None = Field(
        None, description="input of the other channel of the same switch; both must be on and agree"
    )
    # A second is the longest that coolant may be missing from a grinding wheel.
    for_s: float = Field(
        0.0, strict=True, allow_inf_nan=False, ge=0, le=1, description="must be off this long to trip, in s"
    )
    while_turning: Name | None = Field(
        None, description="spindle; the input is needed only while it turns, else always"
    )


class AnalogWatch(Strict):
    """A measured process value and the limits that it must stay inside, in the unit of its signal."""

    rule: AnalogRule = Field(description="rule that trips when a limit is passed")
    trip_above: Number | None = Field(None, description="trips above this value")
    warn_above: Number | None = Field(None, description="warns above this value")
    trip_below: Number | None = Field(None, description="trips below this value")
    warn_below: Number | None = Field(None, description="warns below this value")
    for_s: float = Field(
        0.0, strict=True, allow_inf_nan=False, ge=0, le=1, description="must last this long to trip, in s"
    )
    while_turning: Name | None = Field(
        None, description="spindle; the value counts only while it turns, else always"
    )
    is_recoverable: Flag = Field(True, description="a recovery permit is possible while the rule is tripped")


class Opening(Strict):
    """One place where people can reach in, for the distance of ISO 13855."""

    kind: OpeningKind = Field(description="locked | unlocked | light_curtain")
    input: Name = Field(description="safety input that opens with it")
    reaches: tuple[Name, ...] = Field(min_length=1, description="axes and spindles that can be reached")
    distance_m: Positive | None = Field(None, description="from the opening to the nearest of them in m")
    resolution_m: Positive | None = Field(None, description="of a light curtain in m: the finest it sees")
    response_s: NonNegative = Field(0.0, description="of switch or curtain and relay in s, by their manuals")


def _share(default: float, meaning: str, least: float = 0.5) -> float:
    """A share of a limit: the default is the most that practice allows, a cell may only ask for less."""
    found: float = Field(default, strict=True, allow_inf_nan=False, ge=least, le=default, description=meaning)
    return found


def _time_s(default: float, least: float, most: float, meaning: str) -> float:
    found: float = Field(
        default, strict=True, allow_inf_nan=False, ge=least, le=most, description=f"{meaning} in s"
    )
    return found


class Trips(Strict):
    """At what share of its limit a measured value warns and trips, and after what time."""

    # Grinding practice: wheel overspeed warns at 102 % and trips at 105 %; axes and other spindles follow.
    overspeed_warning: float = _share(1.02, "speed that warns, as a share of the limit")
    overspeed_trip: float = _share(1.05, "speed that trips, as a share of the limit", 1.0)
    # Friction stir practice: warn at 110 %, trip at 125 % of the design force; the limit is the trip.
    force_warning: float = _share(0.88, "axial force that warns, as a share of its trip limit")
    # The same figures for torque and power of a spindle, whose limits are the trips.
    load_warning: float = _share(0.88, "spindle torque, power and current that warn, as a share of the trip")
    # A drive saturates at its force limit: it may be there, and readings flicker by some percent.
    axis_force_trip: float = _share(1.1, "motor force of an axis that trips, as a share of max_force_n", 1.0)
    # A ramp overshoots by a quarter when its end is rounded; half as much again is not the drive's own ramp.
    acceleration_warning: float = _share(1.25, "acceleration that warns, as a share of the limit")
    acceleration_trip: float = _share(1.5, "acceleration that trips, as a share of the limit", 1.0)
    frozen_s: float = _time_s(0.3, 0.2, 0.5, "motion is commanded and nothing moves: trips after this time")
    # Two channels of one switch close within half a second; that is the window of common safety relays.
    discrepancy_s: float = _time_s(0.5, 0.05, 1.0, "inputs that contradict each other trip after this time")
    # Twice the debouncing of the switch: the station, which sees it first, has begun to leave the material.
    clamp_s: float = _time_s(0.1, 0.02, 0.5, "a clamp that opens in process trips after this time")
