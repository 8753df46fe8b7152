"""What a model expects at a path: its keys, their descriptions, the model itself."""

from __future__ import annotations

import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from cell_controller.config.problems import KeyPath

TAGS = ("kind", "action")  # keys that choose between models


def model_at(root: type[BaseModel], path: KeyPath, data: Any) -> type[BaseModel] | None:
    """The model of the section at a path, chosen by its tag; None where no model stands."""
    annotation: Any = root
    for part in path:
        annotation = _inside(_chosen(annotation, data), part)
        data = _item(data, part)
    chosen = _chosen(annotation, data)
    return chosen if isinstance(chosen, type) and issubclass(chosen, BaseModel) else None


def describe(root: type[BaseModel], path: KeyPath, data: Any) -> str:
    """The description of the field at a path, "" where there is none."""
    above: Any = data
    for part in path[:-1]:
        above = _item(above, part)
    model = model_at(root, path[:-1], data)
    if model is None or path[-1] not in model.model_fields:
        return ""
    return model.model_fields[str(path[-1])].description or ""


def data_path(location: tuple[str | int, ...], data: Any) -> KeyPath:
    """pydantic's location without the tags that it puts into it."""
    path: list[str | int] = []
    for part in location:
        if isinstance(data, dict) and part not in data and part in [data.get(tag) for tag in TAGS]:
            continue
        if part == "[key]":
            continue
        path.append(part)
        data = _item(data, part)
    return tuple(path)


def _item(data: Any, part: str | int) -> Any:
    if isinstance(data, dict):
        return data.get(part)
    if isinstance(data, list) and isinstance(part, int) and part < len(data):
        return data[part]
    return None


def _inside(annotation: Any, part: str | int) -> Any:
    """The annotation of one key or index of a section."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        found = annotation.model_fields.get(str(part))
        return found.annotation if found else None
    arguments = get_args(annotation)
    if get_origin(annotation) is dict:
        return arguments[1]
    if get_origin(annotation) is tuple:
        return arguments[0]
    return None


def _chosen(annotation: Any, data: Any) -> Any:
    """The annotation without Annotated and Optional; of several models the one that the tag names."""
    if get_origin(annotation) is Annotated:
        return _chosen(get_args(annotation)[0], data)
    if get_origin(annotation) not in (Union, types.UnionType):
        return annotation
    members = [_chosen(m, data) for m in get_args(annotation) if m is not type(None)]
    if len(members) == 1:
        return members[0]
    return next((m for m in members if _is_tagged(m, data)), None)


def _is_tagged(model: Any, data: Any) -> bool:
    """Whether the section carries the tag of this model."""
    for tag in TAGS:
        found = model.model_fields.get(tag)
        if found and get_origin(found.annotation) is Literal:
            return isinstance(data, dict) and data.get(tag) in get_args(found.annotation)
    return False
