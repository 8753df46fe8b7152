"""What the documents name exists."""

import re
from pathlib import Path

import pytest

from cell_controller.runtime.ports import TOPICS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "sim" / "README.md"])
ROOMS = (ROOT, ROOT / "src" / "cell_controller", ROOT / "sim" / "cell_sim", ROOT / "sim")
NAMED = re.compile(r"`((?:[a-z_]+/)*[a-z_0-9]+\.(?:py|yaml|md|xml|toml)|(?:[a-z_]+/)+)`")
LINK = re.compile(r"\]\(([^)#:]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_no_file_that_is_not_there(page: Path) -> None:
    places = (page.parent, *ROOMS)
    text = page.read_text()
    names = {*NAMED.findall(text), *LINK.findall(text)}
    missing = sorted(n for n in names if not any((place / n).exists() for place in places))
    assert not missing, f"{page.name} names {missing}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_names_no_make_target_that_is_not_there(page: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"`make ([a-z-]+)", page.read_text()))
    assert named <= targets, f"{page.name} names {sorted(named - targets)}"


def test_the_topics_of_the_readme_are_named_with_their_types() -> None:
    """Without its type `ros2 topic echo` gives up on a topic that it has not discovered yet."""
    lines = re.findall(r"^ros2 topic (?:pub|echo) .*$", (ROOT / "README.md").read_text(), re.MULTILINE)
    types = {f"/cell/{port.name}": f"cell_msgs/msg/{port.type.__name__}" for port in TOPICS}
    assert len(lines) == 3
    for line in lines:
        topic, kind = re.findall(r" (/cell/\S+) (\S+)", line)[0]
        assert types[topic] == kind, line
