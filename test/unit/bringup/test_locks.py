"""Locks: one cell per namespace and per line, also when the first one dies without a word."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cell_controller.bringup.errors import InUseError
from cell_controller.bringup.locks import Locks


def test_what_is_locked_is_refused_and_names_the_process(tmp_path: Path) -> None:
    first, second = Locks(tmp_path / "locks"), Locks(tmp_path / "locks")
    first.take("namespace 1 /cell", "namespace /cell")
    second.take("namespace 2 /cell", "namespace /cell in another domain")
    own = re.escape(Path("/proc/self/cmdline").read_bytes().split(b"\0")[0].decode())
    with pytest.raises(InUseError, match=rf"^namespace /cell is in use by pid {os.getpid()}: {own}"):
        second.take("namespace 1 /cell", "namespace /cell")
    first.release()
    second.take("namespace 1 /cell", "namespace /cell")
    second.release()
    assert not (tmp_path / "locks").exists(), "nothing is left behind"


def test_a_process_that_inherited_a_lock_keeps_it_when_its_owner_is_killed(tmp_path: Path) -> None:
    code = (
        "import subprocess, sys; from pathlib import Path; from cell_controller.bringup.locks import Locks;"
        f"locks = Locks(Path({str(tmp_path)!r})); locks.take('line /dev/x', 'line');"
        "child = subprocess.Popen(['sleep', '60'], pass_fds=locks.descriptors);"
        "print(child.pid, flush=True); sys.stdin.read()"
    )
    owner = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with owner:
        assert owner.stdout is not None
        heir = int(owner.stdout.readline())
        owner.kill()
    mine = Locks(tmp_path)
    with pytest.raises(InUseError, match=rf"^line is in use by pid {heir}: sleep( 60)?$"):
        mine.take("line /dev/x", "line")
    os.kill(heir, signal.SIGKILL)
    os.waitpid(heir, 0)  # adopted: see support.leaks
    mine.take("line /dev/x", "line")  # a file that its owner could not remove is no obstacle
    mine.release()


def test_releasing_twice_is_harmless(tmp_path: Path) -> None:
    locks = Locks(tmp_path / "locks")
    locks.take("key", "what")
    locks.release()
    locks.release()


def test_the_file_of_a_killed_cell_is_removed_by_the_next_one_and_that_of_a_running_one_stays(
    tmp_path: Path,
) -> None:
    directory = tmp_path / "locks"
    code = (
        "import os, sys; from pathlib import Path; from cell_controller.bringup.locks import Locks;"
        f"Locks(Path({str(directory)!r})).take('line /dev/gone', 'line'); os.kill(os.getpid(), 9)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL
    running, next_one = Locks(directory), Locks(directory)
    running.take("line /dev/busy", "line")
    assert len(list(directory.iterdir())) == 2
    next_one.take("namespace 1 /cell", "namespace /cell")
    next_one.release()
    assert [p.name.startswith("line_dev_busy") for p in directory.iterdir()] == [True]
    running.release()
    assert not directory.exists()
