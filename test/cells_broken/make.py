"""Write the broken cell files of this folder, each with the messages that it must give.

Run it after a change of config/cells/demo.yaml or of the schema, and read the difference before it is
committed: python test/cells_broken/make.py. The messages stand in cases.yml by hand; this only makes whole
files of the edits and finds the lines of the keys that the messages speak of.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

HERE = Path(__file__).parent
CONFIG = HERE.parents[1] / "config"
DEMO_RECIPE = "../recipes/bracket.yaml"


def edited(text: str, edits: list[dict[str, str]], name: str) -> str:
    """The text with each edit made once; an edit that does not fit exactly once is an error."""
    for edit in edits:
        if text.count(edit["old"]) != 1:
            raise SystemExit(f"{name}: {text.count(edit['old'])} places for {edit['old']!r}")
        text = text.replace(edit["old"], edit["new"])
    return text


def line_of(text: str, marker: str, name: str) -> int:
    """The line, from 1, in which the marker begins."""
    if text.count(marker) != 1:
        raise SystemExit(f"{name}: {text.count(marker)} places for {marker!r}")
    return text[: text.index(marker)].count("\n") + 1


def write(name: str, case: dict[str, Any]) -> None:
    """One cell file, its recipe when that is broken, and the expected messages."""
    recipe_edits = case.get("recipe_edits", [])
    recipe = f"{name}.recipe.yaml" if recipe_edits else f"../../config/{DEMO_RECIPE.removeprefix('../')}"
    moved = [{"old": "profiles: ../drives", "new": "profiles: ../../config/drives"}]
    moved += [] if case.get("keeps_recipes") else [{"old": DEMO_RECIPE, "new": recipe}]
    text = (CONFIG / "cells/demo.yaml").read_text()
    files = {f"{name}.yaml": edited(text, moved + case.get("edits", []), name)}
    if recipe_edits:
        text = (CONFIG / "cells" / DEMO_RECIPE).read_text()
        files[recipe] = edited(text, recipe_edits, name)
    for file, text in files.items():
        (HERE / file).write_text(text)
    expected = []
    for message in case["messages"]:
        file = recipe if message["at"].startswith("recipe ") else f"{name}.yaml"
        line = line_of(files[file], message["at"].removeprefix("recipe "), name)
        expected.append(f"{file}:{line}: {message['text']}\n")
    (HERE / f"{name}.txt").write_text("".join(expected))


def main() -> None:
    """Write all files anew."""
    for old in (*HERE.glob("*.yaml"), *HERE.glob("*.txt")):
        old.unlink()
    for name, case in YAML(typ="safe", pure=True).load(HERE / "cases.yml").items():
        write(name, case)


if __name__ == "__main__":
    main()
