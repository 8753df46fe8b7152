"""Reading a profile from its YAML file.

In the file an address stands as the manual prints it, and `address_offset` is what leads from there to the
wire: -1 where a maker counts from 1. A profile that is loaded knows wire addresses only.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

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
        profile = DriveProfile.model_validate(_on_the_wire(path, data))
    except ValidationError as error:
        problems = tuple(
            f"{'.'.join(str(part) for part in e['loc']) or 'profile'}: {e['msg']}" for e in error.errors()
        )
        raise ProfileError(str(path), problems) from error
    if profile.name != path.stem:
        raise ProfileError(str(path), (f"name: {profile.name} is not the name of the file",))
    return profile


def _on_the_wire(path: Path, data: Any) -> Any:
    """The data with every address moved by the offset; what is not a number is left to the model."""
    if not isinstance(data, dict) or "address_offset" not in data:
        return data
    offset, fields = data["address_offset"], data.get("fields")
    if not isinstance(offset, int) or isinstance(offset, bool):
        raise ProfileError(str(path), (f"address_offset: {offset!r} is not a whole number",))
    moved = {k: v for k, v in data.items() if k != "address_offset"}
    if isinstance(fields, dict):
        moved["fields"] = {
            name: {**field, "address": field["address"] + offset}
            if isinstance(field, dict) and isinstance(field.get("address"), int)
            else field
            for name, field in fields.items()
        }
    return moved
