import subprocess
import sys
import threading

import pytest

from support.leaks import Snapshot, children


def test_a_thread_that_goes_on_is_named() -> None:
    go = threading.Event()
    before = Snapshot.take()
    thread = threading.Thread(target=go.wait, name="left-behind")
    thread.start()
    try:
        with pytest.raises(AssertionError, match="left-behind"):
            before.assert_nothing_new(grace_s=0.0)
    finally:
        go.set()
        thread.join()
    before.assert_nothing_new()


def test_a_grandchild_that_lost_its_parent_is_found_and_killed() -> None:
    before = Snapshot.take()
    known = {process.pid for process in children()}
    script = "import subprocess; subprocess.Popen(['/bin/sleep', '60'], start_new_session=True)"
    subprocess.run([sys.executable, "-W", "ignore", "-c", script], check=True)
    with pytest.raises(AssertionError, match="sleep"):
        before.assert_nothing_new(grace_s=0.0)
    assert {process.pid for process in children()} == known


def test_what_ended_is_no_leak() -> None:
    before = Snapshot.take()
    subprocess.run(["/bin/true"], check=True)
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    before.assert_nothing_new(grace_s=0.0)
