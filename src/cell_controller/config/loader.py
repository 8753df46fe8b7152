"""Read a cell file with its recipes, or say everything that is wrong with them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from cell_controller.config.checks import check
from cell_controller.config.document import Document, read_document
from cell_controller.config.models import CellFile, Recipe
from cell_controller.config.problems import ConfigError, Finding, Problem
from cell_controller.config.validate import validate


@dataclass(frozen=True, slots=True)
class LoadedCell:
    """A cell file whose values and references are good, and its recipes by name."""

    path: Path
    cell: CellFile
    recipes: dict[str, Recipe]
    recipe_hashes: dict[str, str]  # by recipe name; goes into every part's record
    text_hash: str  # of the cell file as it was read
    cell_document: Document
    recipe_documents: dict[str, Document]

    def resolve(self, run_dir: Path) -> CellFile:
        """The cell with the placeholders filled in for one run."""
        return self.cell.resolve(run_dir=str(run_dir), cell_file=str(self.path))

    @property
    def profiles_dir(self) -> Path:
        """Directory of the drive profiles."""
        return Path(os.path.normpath(self.path.parent / self.cell.profiles))

    @property
    def description_path(self) -> Path | None:
        """Where the mechanisms' URDF should be; nothing but displays needs it."""
        text = self.cell.description
        return Path(os.path.normpath(self.path.parent / text)) if text else None

    def problem(self, finding: Finding) -> Problem:
        """A later check's finding with its file, line and value."""
        document = self.recipe_documents[finding.recipe] if finding.recipe else self.cell_document
        return document.problem(finding)


def canonical_hash(*models: BaseModel) -> str:
    """SHA-256 of the models' content: comments, order of keys and spelling of numbers do not matter."""
    content = [model.model_dump(mode="json") for model in models]
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def load_cell(path: str | Path) -> LoadedCell:
    """The cell of a file; raises ConfigError with every problem that was found."""
    loaded, problems = examine_cell(path)
    if loaded is None:
        raise ConfigError(problems)
    return loaded


def examine_cell(path: str | Path) -> tuple[LoadedCell | None, tuple[Problem, ...]]:
    """The cell of a file and no problem, or None and all its problems."""
    document = read_document(Path(path))
    cell = validate(CellFile, document) if document.data is not None else None
    recipes: dict[str, Recipe] = {}
    documents: dict[str, Document] = {}
    strays: list[Problem] = []  # of recipe files that could not be read as a recipe
    for index, entry in enumerate(_recipe_entries(document)):
        recipe_document = read_document(Path(os.path.normpath(Path(path).parent / entry)))
        if not recipe_document.text:
            why = [Finding(("recipes", index), p.text, p.remedy) for p in recipe_document.problems]
            strays += map(document.problem, why)
            continue
        recipe = validate(Recipe, recipe_document) if recipe_document.data is not None else None
        strays += recipe_document.problems
        if recipe is None:
            continue
        if recipe.name in recipes:
            text = f"holds a recipe named {recipe.name}, as {documents[recipe.name].file} does"
            strays.append(document.problem(Finding(("recipes", index), text, "rename one of them")))
            continue
        recipes[recipe.name], documents[recipe.name] = recipe, recipe_document
    problems = [*document.problems, *strays]
    if cell is None:
        return None, _sorted(problems)
    problems += [documents.get(f.recipe, document).problem(f) for f in check(cell, recipes)]
    if problems:
        return None, _sorted(problems)
    loaded = LoadedCell(
        path=Path(path),
        cell=cell,
        recipes=recipes,
        recipe_hashes={name: canonical_hash(recipe) for name, recipe in recipes.items()},
        text_hash=hashlib.sha256(document.text.encode("utf-8")).hexdigest(),
        cell_document=document,
        recipe_documents=documents,
    )
    return loaded, ()


def _recipe_entries(document: Document) -> list[str]:
    """The recipe files that a cell file names, also when the rest of it is broken."""
    entries = document.data.get("recipes") if document.data is not None else None
    return [e for e in entries if isinstance(e, str) and e] if isinstance(entries, list) else []


def _sorted(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """In reading order, file by file as they were met."""
    found = list(problems)
    files = list(dict.fromkeys(p.file for p in found))
    return tuple(sorted(found, key=lambda p: (files.index(p.file), p.line)))
