"""What holds for every test: a ROS of its own, repeatable examples, and nothing left running."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

# Before anything imports rclpy: it reads these once.
os.environ["ROS_PYTHON_CHECK_FIELDS"] = "1"  # generated messages check their fields only when told to
os.environ["ROS_AUTOMATIC_DISCOVERY_RANGE"] = "LOCALHOST"
# A domain of this process' own: 0 is everybody's, and the ports of those above 101 are Linux's for itself.
os.environ["ROS_DOMAIN_ID"] = str(1 + os.getpid() % 101)
# What a developer has proved of a cell is none of the tests' business.
os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp(prefix="cell-test-state-")
os.environ["ROS_LOG_DIR"] = tempfile.mkdtemp(prefix="cell-test-log-")

import pytest
from hypothesis import settings

from support import alone, one_drive
from support.leaks import Snapshot, adopt_orphans
from support.seeds import FRESH_SEED

LIVE = ("integration", "launch")  # folders of tests that start whole cells

settings.register_profile("cell", deadline=None, derandomize=True, print_blob=True)  # the machine may be busy
settings.load_profile("cell")

adopt_orphans()


def pytest_addoption(parser: pytest.Parser) -> None:
    one_drive.add_options(parser)


def pytest_unconfigure() -> None:
    for name in ("ROS_LOG_DIR", "XDG_STATE_HOME"):
        shutil.rmtree(os.environ[name], ignore_errors=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Tells the seeds that were drawn for this run, whether they broke anything or not."""
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name == FRESH_SEED and getattr(report, "when", "") == "call":
                    terminalreporter.write_line(f"fresh seed {value}: {report.nodeid.partition('::')[2]}")


def _is_live(item: pytest.Item) -> bool:
    return item.path.relative_to(Path(__file__).parent).parts[0] in LIVE


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Live cells come last and one after the other: two cores carry one of them."""
    for item in items:
        if _is_live(item):
            item.add_marker(pytest.mark.xdist_group("live"))
    items.sort(key=_is_live)


@pytest.fixture(scope="session", autouse=True)
def _turns(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> alone.Turns:
    """Shared by the processes of one run."""
    base = tmp_path_factory.getbasetemp()
    return alone.Turns((base if worker_id == "master" else base.parent) / "turns")


@pytest.fixture(autouse=True, scope="module")
def _takes_turns(_turns: alone.Turns, request: pytest.FixtureRequest) -> Iterator[None]:
    """A module of live cells begins when no other test runs, and none begins beside it."""
    with _turns.taken(is_alone=_is_live(request.node)):
        yield


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
