"""What holds for every test: a ROS of its own, repeatable examples, and nothing left running."""

import os
import tempfile
from collections.abc import Iterator

# Before anything imports rclpy: it reads these once.
os.environ["ROS_PYTHON_CHECK_FIELDS"] = "1"  # generated messages check their fields only when told to
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
# A domain of this run's own: 0 is everybody's, and the ports of those above 101 are Linux's for itself.
os.environ.setdefault("ROS_DOMAIN_ID", str(1 + os.getpid() % 101))
os.environ.setdefault("ROS_LOG_DIR", tempfile.mkdtemp(prefix="cell-test-log-"))

import pytest
from hypothesis import settings

from support.leaks import Snapshot, adopt_orphans

settings.register_profile("cell", deadline=None, derandomize=True, print_blob=True)  # the machine may be busy
settings.load_profile("cell")

adopt_orphans()


@pytest.fixture(scope="session", autouse=True)
def _nothing_outlives_the_run() -> Iterator[None]:
    before = Snapshot.take()
    yield
    before.assert_nothing_new()


@pytest.fixture(scope="module")
def keeps_processes() -> Iterator[None]:
    """For a fixture of a whole module whose processes and threads come and go, such as a live cell's.

    What they leave behind fails at the end of the module, not after each test.
    """
    before = Snapshot.take()
    yield
    before.assert_nothing_new()


@pytest.fixture(autouse=True)
def _nothing_outlives_the_test(
    _nothing_outlives_the_run: None, request: pytest.FixtureRequest
) -> Iterator[None]:
    """Fails a test that leaves a thread or a process behind; fixtures of a wider scope may keep theirs."""
    before = Snapshot.take()
    yield
    if keeps_processes.__name__ not in request.fixturenames:
        before.assert_nothing_new()
