"""The profiles as they ship, and a line on which nobody talks."""

from pathlib import Path

import pytest

from cell_controller.drives import bus
from cell_controller.drives.profile import DriveProfile, load_profile
from support.stand_in_drives import SilentTalk

DRIVES = Path(__file__).parents[3] / "config" / "drives"


@pytest.fixture(scope="session")
def profiles() -> dict[str, DriveProfile]:
    return {path.stem: load_profile(path) for path in sorted(DRIVES.glob("*.yaml"))}


@pytest.fixture(scope="session")
def asda(profiles: dict[str, DriveProfile]) -> DriveProfile:
    return profiles["delta_asda_a3"]


@pytest.fixture(scope="session")
def servo(profiles: dict[str, DriveProfile]) -> DriveProfile:
    return profiles["fast_modbus_servo"]


@pytest.fixture(scope="session")
def inverter(profiles: dict[str, DriveProfile]) -> DriveProfile:
    return profiles["delta_c2000"]


@pytest.fixture(scope="session")
def module(profiles: dict[str, DriveProfile]) -> DriveProfile:
    return profiles["remote_io"]


@pytest.fixture
def talk(monkeypatch: pytest.MonkeyPatch) -> type[SilentTalk]:
    """Every bus of the test talks to nobody; `due` says when it would like to."""
    monkeypatch.setattr(bus, "Conversation", SilentTalk)
    monkeypatch.setattr(SilentTalk, "due", SilentTalk.due)
    return SilentTalk
