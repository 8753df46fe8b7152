"""What a process may take of the machine, and what is said when it may not."""

import os
import resource
import subprocess
import sys

import pytest

from cell_controller.bringup import urgency

UNLIMITED = resource.RLIM_INFINITY


def in_child(code: str) -> str:
    """What a process of its own prints: locks and limits end with it."""
    result = subprocess.run([sys.executable, "-c", code], stdout=subprocess.PIPE, check=True, text=True)
    return result.stdout.strip()


def lines_of_status(code: str) -> dict[str, int]:
    text = in_child(f"{code}; print(open('/proc/self/status').read())")
    words = [line.split() for line in text.splitlines()]
    return {w[0].rstrip(":"): int(w[1]) for w in words if w[0] in ("VmLck:", "VmRSS:")}


@pytest.mark.skipif(not urgency.may_lock_memory(), reason="no right to lock memory here")
def test_locked_memory_costs_none_that_is_not_used() -> None:
    load = "from cell_controller.bringup import urgency; held = bytearray(1); import mmap"
    reserve = "big = mmap.mmap(-1, 200_000_000)"
    plain = lines_of_status(f"{load}; {reserve}")
    locked = lines_of_status(f"{load}; assert urgency.lock_memory(); {reserve}")
    assert plain["VmLck"] == 0
    assert locked["VmLck"] > 195_000, "what is mapped later is locked, too"
    assert locked["VmRSS"] < plain["VmRSS"] + 10_000, "but takes no memory until it is used"


def test_under_a_limit_memory_is_rather_not_locked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urgency, "_has_capability", lambda number: False)
    monkeypatch.setattr(resource, "getrlimit", lambda what: (1 << 30, UNLIMITED))
    assert not urgency.lock_memory()
    monkeypatch.setattr(resource, "getrlimit", lambda what: (UNLIMITED, UNLIMITED))
    assert urgency.may_lock_memory()


def test_a_process_is_pinned_with_all_its_threads() -> None:
    cpu = min(os.sched_getaffinity(0))
    code = (
        "import os, threading, time; from cell_controller.bringup import urgency;"
        "t = threading.Thread(target=time.sleep, args=(0.2,)); t.start();"
        f"assert urgency.pin([{cpu}]);"
        "print({tuple(os.sched_getaffinity(int(n))) for n in os.listdir('/proc/self/task')})"
    )
    assert in_child(code) == f"{{({cpu},)}}"


def test_a_processor_that_is_not_there_pins_nothing() -> None:
    before = os.sched_getaffinity(0)
    assert not urgency.pin([1023])
    assert os.sched_getaffinity(0) == before


@pytest.mark.parametrize("may", [True, False])
def test_what_is_lost_is_said_with_its_remedy(may: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(urgency, "may_be_urgent", lambda priority: may)
    monkeypatch.setattr(urgency, "may_lock_memory", lambda: may)
    said = urgency.losses(40, locks_memory=True)
    assert len(said) == (0 if may else 2)
    assert all("docs/realtime.md" in text for text in said)
    assert len(urgency.losses(40, locks_memory=False)) == (0 if may else 1)


def test_asking_for_the_right_changes_nothing() -> None:
    before = os.sched_getscheduler(0)
    answer = urgency.may_be_urgent(1)
    assert os.sched_getscheduler(0) == before
    in_use = in_child("from cell_controller.bringup import urgency; print(urgency.make_urgent(1))")
    assert answer == (in_use == "True")
