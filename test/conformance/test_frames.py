"""The frames of each family against bus and virtual drive, one at a time; their form: support/frames.py."""

from __future__ import annotations

import pytest

from cell_controller.drives.profile import Verified
from support.frame_checks import FrameMismatchError, check_bus, check_drive, spoilt, used_fields
from support.frames import Frames, families, is_whole
from support.profile_bench import PROFILES

FAMILIES = families()
LEAST_FRAMES = 12  # as printed in a manual: each an exchange
EACH = [(name, frames) for name, family in FAMILIES.items() for frames in family.exchanges]
IDS = [f"{name}: {frames.meaning}" for name, frames in EACH]
FRAMED = [
    (name, quantity)
    for name, family in FAMILIES.items()
    for quantity in dict.fromkeys(q for frames in family.exchanges for q in frames.fields)
]


def test_every_profile_has_its_frames() -> None:
    assert sorted(family.profile for family in FAMILIES.values()) == sorted(PROFILES)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_family_has_frames_enough(name: str) -> None:
    family = FAMILIES[name]
    assert family.profile in PROFILES
    assert len(family.exchanges) >= LEAST_FRAMES
    assert any(frames.refused is not None for frames in family.exchanges), "one refusal"


@pytest.mark.parametrize(("name", "frames"), EACH, ids=IDS)
def test_a_frame_is_whole_by_a_check_sum_of_its_own(name: str, frames: Frames) -> None:
    protocol = PROFILES[FAMILIES[name].profile].protocol
    for data in (frames.request, frames.reply, *frames.before):
        assert is_whole(protocol, data), data.hex(" ")


@pytest.mark.parametrize(("name", "frames"), EACH, ids=IDS)
def test_the_bus_speaks_and_understands_the_frames(name: str, frames: Frames) -> None:
    family = FAMILIES[name]
    if frames.holds_for != "drive":
        check_bus(PROFILES[family.profile], family.unit, frames)


@pytest.mark.parametrize(("name", "frames"), EACH, ids=IDS)
def test_the_virtual_drive_understands_and_speaks_the_frames(name: str, frames: Frames) -> None:
    family = FAMILIES[name]
    if frames.holds_for != "bus":
        check_drive(PROFILES[family.profile], family.unit, frames)


@pytest.mark.parametrize("name", FAMILIES)
def test_a_field_without_a_frame_counts_as_known_from_memory(name: str) -> None:
    family = FAMILIES[name]
    profile = PROFILES[family.profile]
    seen = {quantity for frames in family.exchanges for quantity in frames.fields}
    missing = [q for q in used_fields(profile) if q not in seen]
    assert [q for q in missing if profile.field(q).verified is not Verified.MEMORY] == []


@pytest.mark.parametrize(("name", "quantity"), FRAMED)
def test_a_wrong_address_scale_or_order_of_a_field_is_seen_on_both_sides(name: str, quantity: str) -> None:
    family = FAMILIES[name]
    exchanges = [frames for frames in family.exchanges if quantity in frames.fields]
    for what, profile in spoilt(PROFILES[family.profile], quantity):  # type: ignore[arg-type]
        sides = {"bus": check_bus, "drive": check_drive}
        for side, check in sides.items():
            asked = [frames for frames in exchanges if frames.holds_for in (side, "both")]
            assert any(_fails(check, profile, family.unit, frames) for frames in asked), (what, side)


def _fails(check, profile, unit: int, frames: Frames) -> bool:
    try:
        check(profile, unit, frames)
    except FrameMismatchError:
        return True
    return False
