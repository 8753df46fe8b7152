"""Which drives a test of one drive is run against."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from cell_controller.config.values import DriveKind
from cell_controller.drives.profile import DriveProfile
from support.one_drive import Hardware, OneDrive, hardware_of, real, virtual
from support.profile_bench import PROFILES


def _is_module(profile: DriveProfile) -> bool:
    return profile.kind is DriveKind.IO


def _has_watchdog(profile: DriveProfile) -> bool:
    return profile.watchdog.exists


def _turns(profile: DriveProfile) -> bool:
    """And nobody else is needed to stop it."""
    return _has_watchdog(profile) and not _is_module(profile)


# What the drive of a fixture must be; the last two may be moved.
_SUITED: dict[str, tuple[Callable[[DriveProfile], bool], str]] = {
    "one_drive": (lambda profile: True, ""),
    "guarded_drive": (_has_watchdog, "it has no watchdog"),
    "turning_drive": (_turns, "it turns nothing, or only in a cell that wires its enable"),
    "module": (_is_module, "it is no I/O module"),
}
_MOVED = ("turning_drive", "module")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every virtual drive that is suited, or the real one alone."""
    for fixture, (is_suited, _) in _SUITED.items():
        if fixture in metafunc.fixturenames:
            hardware = hardware_of(metafunc.config)
            suited = [name for name, profile in PROFILES.items() if is_suited(profile)]
            metafunc.parametrize(fixture, [hardware] if hardware else suited, ids=str, indirect=True)


def _drive(request: pytest.FixtureRequest) -> Iterator[OneDrive]:
    if not isinstance(request.param, Hardware):
        yield virtual(PROFILES[request.param])
        return
    name = request.fixturename or ""
    is_suited, why_not = _SUITED[name]
    if name in _MOVED and not request.param.moves:
        pytest.skip("it moves, which --hil-moves allows")
    with real(request.param) as drive:
        if not is_suited(drive.profile):
            pytest.skip(why_not)
        yield drive


one_drive = pytest.fixture(_drive, name="one_drive")
guarded_drive = pytest.fixture(_drive, name="guarded_drive")
turning_drive = pytest.fixture(_drive, name="turning_drive")
module = pytest.fixture(_drive, name="module")
