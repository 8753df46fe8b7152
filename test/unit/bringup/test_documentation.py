"""docs/messages.md and what the nodes run are the same."""

import re
from pathlib import Path

from cell_controller.bringup.documentation import with_tables
from cell_controller.nodes.qos import in_words, profile_of
from cell_controller.plan import load_plan
from cell_controller.runtime import Qos

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "messages.md"


def test_the_page_shows_what_the_nodes_run() -> None:
    page = PAGE.read_text(encoding="utf-8")
    loaded, plan = load_plan(ROOT / "config" / "cells" / "demo.yaml")
    assert page == with_tables(page, loaded, plan), "write with_tables(page) back into docs/messages.md"


def test_qualities_of_service_are_told_apart_in_words() -> None:
    assert [in_words(profile_of(q)) for q in (Qos.GUARDED, Qos.LATCHED, Qos.REQUEST)] == [
        "best effort, volatile, depth 10",
        "reliable, transient local, depth 1",
        "reliable, volatile, depth 10",
    ]


def test_no_node_declares_a_parameter() -> None:
    """The page says so; whoever adds one writes its description, range and unit there."""
    sources = [*(ROOT / "src" / "cell_controller").rglob("*.py"), *(ROOT / "sim").rglob("*.py")]
    assert not [p for p in sources if re.search(r"\bdeclare_parameters?\(", p.read_text())]
