"""Which profiles fit the drive that answers, and what speaks against each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite

from cell_controller.commissioning.master import Master
from cell_controller.commissioning.reading import DriveReader, FieldValue, selections
from cell_controller.drives.profile import DriveCondition, DriveProfile, Quantity, value_limits

HOT_C = (-20.0, 120.0)  # power stages are specified inside these; beyond, it is not a temperature
OVERLOAD = 5.0  # times the rated value: no power stage survives more
SLACK = 1e-6
NAMED = 3  # fields of a list that nobody reads to its end


@dataclass(frozen=True, slots=True)
class Fit:
    """How well one profile fits. `against`: each thing that does not, worst first."""

    profile: str
    readable: int  # of `asked` fields
    asked: int
    matching: int  # of `tests` identity tests
    tests: int
    against: tuple[str, ...]

    @property
    def is_possible(self) -> bool:
        """Everything that the profile says is there can be read."""
        return self.asked > 0 and self.readable == self.asked

    @property
    def is_set_up(self) -> bool:
        """And the drive is set as the controller needs it."""
        return self.is_possible and not self.against


def identify(master: Master, unit: int, profiles: tuple[DriveProfile, ...]) -> Iterator[Fit]:
    """One profile a step, in the order given; `ranked` sorts them. Only reads."""
    for profile in profiles:
        yield examine(DriveReader(master, profile, unit))


def ranked(fits: tuple[Fit, ...]) -> tuple[Fit, ...]:
    """Best first."""
    return tuple(
        sorted(
            fits,
            key=lambda f: (
                -f.readable / max(f.asked, 1),
                len(f.against),
                -f.matching / max(f.tests, 1),
                -f.asked,
                f.profile,
            ),
        )
    )


def examine(reader: DriveReader) -> Fit:
    """Hold one profile against the drive."""
    profile = reader.profile
    state = reader.fast()
    wanted = _beside_the_state(profile)
    if state[0].raw is None and state[0].is_silence:
        return Fit(profile.name, 0, 1 + len(wanted), 0, len(profile.identity), (state[0].problem,))
    values = {v.quantity: v for v in (*state, *reader.each(wanted))}
    missing = [v for v in values.values() if v.raw is None]
    raws = {q: v.raw for q, v in values.items() if v.raw is not None}
    against = _unreadable(missing)
    if all(raws.get(q) == choice for q, choice in selections(profile).items()):
        against += _strange_state(profile, raws)
        against += _implausible(profile, values)
    tests = [t for t in profile.identity if t.field in raws]
    failed = [t for t in tests if not t.holds(raws[t.field])]
    for test in failed:
        must = f"must be {test.equals}" if test.equals is not None else f"must not be {test.differs}"
        note = profile.field(test.field).note
        against.append(
            f"{test.field} is {raws[test.field] & test.mask}, {must}" + (f" ({note})" if note else "")
        )
    return Fit(
        profile.name,
        len(values) - len(missing),
        len(values),
        len(tests) - len(failed),
        len(profile.identity),
        tuple(against),
    )


def _unreadable(missing: list[FieldValue]) -> list[str]:
    """One line per reason."""
    by_reason: dict[str, list[str]] = {}
    for value in missing:
        by_reason.setdefault(value.problem, []).append(value.quantity.value)
    found = []
    for reason, names in by_reason.items():
        more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
        found.append(f"{', '.join(names[:NAMED])}{more} cannot be read, {reason}")
    return found


def _beside_the_state(profile: DriveProfile) -> tuple[Quantity, ...]:
    """What else a controller reads of such a drive: slow values, identity, settings that it reads back."""
    slow = [q for block in profile.reads.slow for q in block.fields]
    compared = [test.field for test in profile.identity]
    armed = [w.field for exchange in profile.arming for w in exchange.write]
    fast = set(profile.reads.fast.fields)
    return tuple(q for q in dict.fromkeys((*slow, *compared, *armed)) if q not in fast)


def _strange_state(profile: DriveProfile, raws: dict[Quantity, int]) -> list[str]:
    """A status word that means none of the profile's states."""
    is_read = all(q in raws for q in profile.reads.fast.fields)
    if not is_read or any(rule.condition is DriveCondition.NOT_READY for rule in profile.states):
        return []
    if profile.condition(raws) is not DriveCondition.NOT_READY:
        return []
    word = raws.get(Quantity.STATUS_WORD)
    shown = "" if word is None else f" (status word 0x{word:04X})"
    return [f"its state is none that the profile knows{shown}"]


def _implausible(profile: DriveProfile, values: dict[Quantity, FieldValue]) -> list[str]:
    """Measured values that no such drive can have."""
    plate = profile.nameplate
    limits = {
        Quantity.CURRENT: plate.rated_current_a and OVERLOAD * plate.rated_current_a,
        Quantity.TORQUE: plate.max_torque_percent and 2.0 * plate.max_torque_percent,
        Quantity.POWER: plate.rated_power_w and OVERLOAD * plate.rated_power_w,
        Quantity.SPEED: plate.max_frequency_hz and 2.0 * plate.max_frequency_hz
        if plate.max_frequency_hz
        else plate.max_speed_rpm and 2.0 * plate.max_speed_rpm,
    }
    found = []
    for quantity, most in limits.items():
        value = values.get(quantity)
        if most and value is not None and isfinite(value.value) and abs(value.value) > most:
            found.append(f"{quantity} is {value.value:g} {value.unit}, more than {most:g} is not possible")
    hot = values.get(Quantity.TEMPERATURE)
    if hot is not None and hot.raw is not None and not HOT_C[0] <= hot.value <= HOT_C[1]:
        found.append(f"temperature is {hot.value:g} C")
    for quantity, value in values.items():
        low, high = value_limits(profile.field(quantity))
        slack = SLACK * max(abs(low), abs(high))
        is_ramp = profile.field(quantity).ramp_span is not None
        if value.raw is None or is_ramp or _is_off(quantity, value):
            continue
        if not low - slack <= value.value <= high + slack:
            found.append(f"{quantity} is {value.value:g} {value.unit}, outside {low:g} to {high:g}")
    return found


def _is_off(quantity: Quantity, value: FieldValue) -> bool:
    """A watchdog as from the factory is 0, below what arming may write."""
    return quantity is Quantity.WATCHDOG_TIMEOUT and value.raw == 0
