"""Loading: shipped cells, hashes, errors that come together, and words that help."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cell_controller.config import ConfigError, canonical_hash, examine_cell, load_cell
from cell_controller.config.checks_programs import move_s
from cell_controller.config.document import Document, parse_into
from cell_controller.config.models import CellFile, Recipe
from cell_controller.config.schema import describe, model_at
from cell_controller.config.units import quantity, unit_of

CONFIG = Path(__file__).parents[3] / "config"
DEMO = CONFIG / "cells" / "demo.yaml"


def differences(one: object, other: object, path: str = "") -> Iterator[str]:
    if isinstance(one, dict) and isinstance(other, dict):
        for key in sorted(one.keys() | other.keys()):
            yield from differences(one.get(key), other.get(key), f"{path}.{key}".lstrip("."))
    elif one != other:
        yield path


def test_the_test_cell_is_the_demo_cell_but_for_short_strokes_and_the_fast_plant() -> None:
    demo, test = (load_cell(CONFIG / "cells" / f"{n}.yaml") for n in ("demo", "test"))
    assert list(differences(demo.cell.model_dump(), test.cell.model_dump())) == [
        "description",
        "drives.belt.max_acceleration_m_s2",
        "drives.grind_infeed.max_m",
        "drives.grind_wheel.coast_s",
        "drives.grind_wheel.ramp_s",
        "drives.weld_z.max_m",
        "label",
        "name",
        "recipes",
        "simulation.plant",
        "stations.conveyor.pitch_m",
        "stations.robot.safe_z_m",
        "stations.robot.seam_start_x_m",
        "stations.spindle.safe_infeed_m",
        "stop_programs.grind_retract.steps",
        "stop_programs.grind_stop.steps",
        "stop_programs.weld_retract.steps",
        "stop_programs.weld_stop.steps",
        "zones.grind_place.spindle.below_m",
        "zones.weld_place.robot.below_m",
    ]


def test_hashes_see_values_but_no_comments(tmp_path: Path) -> None:
    recipe = (CONFIG / "recipes" / "bracket.yaml").read_text()
    cell = DEMO.read_text().replace("../recipes/", "")
    hashes = []
    for text in (
        recipe,
        recipe + "# a word more\n",
        recipe.replace("dwell_start_s: 1.5", "dwell_start_s: 1.6"),
    ):
        (tmp_path / "bracket.yaml").write_text(text)
        (tmp_path / "cell.yaml").write_text(cell)
        hashes.append(load_cell(tmp_path / "cell.yaml").recipe_hashes["bracket"])
    assert hashes[0] == hashes[1] != hashes[2]
    assert len(hashes[0]) == 64


def test_the_order_of_models_matters_to_the_hash() -> None:
    loaded = load_cell(DEMO)
    recipe = loaded.recipes["bracket"]
    assert canonical_hash(loaded.cell, recipe) != canonical_hash(recipe, loaded.cell)


def test_a_file_that_is_not_there_is_one_problem() -> None:
    with pytest.raises(ConfigError) as caught:
        load_cell("no_such_cell.yaml")
    assert [str(p) for p in caught.value.problems] == [
        "no_such_cell.yaml: cannot be read: No such file or directory; check the path"
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "x.yaml:1: holds no keys; start from config/cells/demo.yaml"),
        (b"- a\n- b\n", "x.yaml:1: holds no keys; start from config/cells/demo.yaml"),
        (b"name: \xff\n", "x.yaml: is not UTF-8 text at byte 6; save it as UTF-8"),
        (b"a: 1\n---\nb: 2\n", "x.yaml:2: is not YAML: but found another document; mend the syntax"),
    ],
)
def test_a_file_that_is_no_cell_file_is_one_problem(tmp_path: Path, content: bytes, message: str) -> None:
    (tmp_path / "x.yaml").write_bytes(content)
    _, problems = examine_cell(tmp_path / "x.yaml")
    assert [str(p).removeprefix(f"{tmp_path}/") for p in problems] == [message]


def test_an_alias_that_contains_itself_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "x.yaml").write_text("name: cell\nlines: &a {b: *a}\n")
    _, problems = examine_cell(tmp_path / "x.yaml")
    assert any("contains itself" in str(p) for p in problems)


def test_errors_of_cell_and_recipe_come_together(tmp_path: Path) -> None:
    recipe = (CONFIG / "recipes" / "bracket.yaml").read_text()
    (tmp_path / "bracket.yaml").write_text(recipe.replace("wheel_rpm: 2600", "wheel_rpm: fast"))
    cell = DEMO.read_text().replace("../recipes/", "").replace("safe_z_m: 0.060", "safe_z_m: -1")
    (tmp_path / "cell.yaml").write_text(cell)
    _, problems = examine_cell(tmp_path / "cell.yaml")
    assert [(Path(p.file).name, p.key) for p in problems] == [
        ("cell.yaml", "stations.robot.safe_z_m"),
        ("bracket.yaml", "grind.wheel_rpm"),
    ]


def test_two_recipes_of_one_name_are_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / f"{name}.yaml").write_text((CONFIG / "recipes" / "bracket.yaml").read_text())
    (tmp_path / "cell.yaml").write_text(
        DEMO.read_text().replace("[../recipes/bracket.yaml]", "[a.yaml, b.yaml]")
    )
    _, problems = examine_cell(tmp_path / "cell.yaml")
    assert [(p.key, p.value, p.remedy) for p in problems] == [("recipes[1]", "b.yaml", "rename one of them")]


def test_the_schema_finds_the_model_that_a_tag_names() -> None:
    document = Document("demo.yaml", DEMO.read_text())
    parse_into(document)
    model = model_at(CellFile, ("stop_programs", "weld_retract", "steps", 1), document.data)
    assert model is not None
    assert model.__name__ == "MoveStep"
    words = describe(CellFile, ("drives", "weld_spindle", "wheel"), document.data)
    assert words == "grinding wheel, on a grinding spindle"


def every_field(model: type, seen: set[type]) -> Iterator[tuple[str, str, object]]:
    if model in seen:
        return
    seen.add(model)
    for name, field in model.model_fields.items():  # type: ignore[attr-defined]
        yield f"{model.__name__}.{name}", field.description or "", field
    for sub in vars(__import__(model.__module__, fromlist=["*"])).values():
        if (
            isinstance(sub, type)
            and issubclass(sub, CellFile.__mro__[1])
            and not sub.__name__.startswith("_")
        ):
            yield from every_field(sub, seen)


def test_every_field_but_the_tags_says_what_it_is_and_in_which_unit() -> None:
    seen: set[type] = set()
    for root in (CellFile, Recipe):
        for name, description, _ in every_field(root, seen):
            key = name.rpartition(".")[2]
            if key in ("kind", "action"):
                continue
            assert description, name
            unit = unit_of(key)
            simple = unit.replace("°C", "C").replace("µm", "um").split("/")[0].split(" ")[0]
            assert not unit or simple in description, f"{name}: {description}"
    assert len(seen) > 30


def test_units_are_read_from_the_end_of_a_key() -> None:
    assert [
        unit_of(k) for k in ("max_s", "a_m_s2", "b_m_s", "c_rpm", "d_kg_m2", "stiffness_n_m", "seed")
    ] == [
        "s",
        "m/s²",
        "m/s",
        "rpm",
        "kg m²",
        "N/m",
        "",
    ]
    assert quantity(0.25, "m/s") == "0.25 m/s"


@given(st.floats(1e-4, 1.0), st.floats(1e-3, 1.0), st.floats(0.1, 5.0))
def test_a_move_takes_at_least_its_way_at_full_speed(way_m: float, speed_m_s: float, a_m_s2: float) -> None:
    assert move_s(way_m, speed_m_s, a_m_s2) >= way_m / speed_m_s
    assert move_s(way_m * 2, speed_m_s, a_m_s2) > move_s(way_m, speed_m_s, a_m_s2)
