"""The profiles as they ship."""

from pathlib import Path

import pytest

from cell_controller.drives.profile import DriveProfile, load_profile

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
