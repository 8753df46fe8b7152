"""Who may put a port at a path, and what is left of it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cell_sim.ptys import PathInUseError, Pty


def test_a_path_that_somebody_serves_is_refused_and_stays_his(tmp_path: Path) -> None:
    path = tmp_path / "drive"
    first, second = Pty(path), Pty(path)
    first.open()
    served = os.readlink(path)
    with pytest.raises(PathInUseError, match="another simulator or emulator serves it"):
        second.open()
    second.close()
    assert os.readlink(path) == served
    first.close()
    assert list(tmp_path.iterdir()) == []


def test_a_cable_is_pulled_and_plugged_and_then_anybody_may_have_the_path(tmp_path: Path) -> None:
    path = tmp_path / "drive"
    first, second = Pty(path), Pty(path)
    for pty in (first, first, second):
        pty.open()
        assert path.is_symlink()
        pty.close()
        assert not path.exists()


def test_what_a_killed_process_left_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "drive"
    path.symlink_to("/dev/pts/99999")
    (tmp_path / ".drive.lock").touch()
    pty = Pty(path)
    pty.open()
    assert path.exists()
    pty.close()


def test_a_link_that_was_replaced_is_not_ours_to_remove(tmp_path: Path) -> None:
    path = tmp_path / "drive"
    pty = Pty(path)
    pty.open()
    path.unlink()
    path.symlink_to("/dev/null")
    pty.close()
    assert os.readlink(path) == "/dev/null"


def test_a_file_is_never_replaced(tmp_path: Path) -> None:
    path = tmp_path / "drive"
    path.write_text("kept")
    with pytest.raises(PathInUseError, match="is not a link of a simulator"):
        Pty(path).open()
    assert path.read_text() == "kept"
