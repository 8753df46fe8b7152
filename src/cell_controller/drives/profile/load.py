"""Reading a profile from its YAML file."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from cell_controller.drives.errors import ProfileError
from cell_controller.drives.profile.model import DriveProfile


def load_profile(path: Path) -> DriveProfile:
    """Read and check one profile; ProfileError lists every problem of the file at once."""
    try:
        data = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ProfileError(str(path), (f"cannot be read: {error.strerror}",)) from error
    except YAMLError as error:
        raise ProfileError(str(path), (f"is not YAML: {error}",)) from error
    try:
        profile = DriveProfile.model_validate(data)
    except ValidationError as error:
        problems = tuple(
            f"{'.'.join(str(part) for part in e['loc']) or 'profile'}: {e['msg']}" for e in error.errors()
        )
        raise ProfileError(str(path), problems) from error
    if profile.name != path.stem:
        raise ProfileError(str(path), (f"name: {profile.name} is not the name of the file",))
    return profile
