"""What a cell has for itself, and what becomes of its run directory."""

from pathlib import Path

import pytest

from cell_controller.bringup.claim import Claim
from cell_controller.bringup.errors import InUseError
from cell_controller.bringup.table import Arguments

CELL = Path(__file__).parents[3] / "config" / "cells" / "test.yaml"


@pytest.fixture(autouse=True)
def _a_place_of_our_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_the_default_run_directory_is_emptied_before_and_gone_after(tmp_path: Path) -> None:
    claim = Claim(Arguments(CELL, "/claimed"))
    (claim.run_dir / "deep").mkdir(parents=True)
    (claim.run_dir / "deep" / "journal").write_text("parts that are no more")
    claim.take()
    assert list(claim.run_dir.iterdir()) == []
    claim.release()
    assert not claim.run_dir.exists()
    claim.release()


def test_a_run_directory_that_is_given_stays_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "journal").write_text("parts")
    claim = Claim(Arguments(CELL, "/claimed", tmp_path / "mine", tmp_path / "traces"))
    claim.take()
    assert (tmp_path / "traces").is_dir()
    claim.release()
    assert (tmp_path / "mine" / "journal").read_text() == "parts"


def test_whoever_is_refused_touches_nothing_and_keeps_nothing(tmp_path: Path) -> None:
    first, same_lines = Claim(Arguments(CELL, "/one", tmp_path)), Claim(Arguments(CELL, "/two", tmp_path))
    first.take()
    with pytest.raises(InUseError, match=r"^serial line weld_line "):
        same_lines.take()
    assert same_lines.descriptors == ()
    other = Claim(Arguments(CELL, "/two", tmp_path / "other"))
    other.take()  # its namespace was given back
    other.release()
    first.release()
