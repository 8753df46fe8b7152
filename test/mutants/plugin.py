"""The pytest plugin: collects once, learns once which test runs which line, then forks for each fault."""

from __future__ import annotations

import hashlib
import json
import os
import resource
import signal
import sys
from importlib import import_module
from pathlib import Path
from time import process_time
from typing import NoReturn

import coverage
import pytest

from mutants import ledger, switch
from mutants.ledger import Entry, Verdict
from mutants.rooms import COPY, KEPT, MAKERS, Mutant

PATIENCE = 10.0  # times what a test takes without a fault
PATIENCE_S = 3.0  # and some more, for those that take next to nothing
MEMORY = 8 << 30  # bytes: a loop that appends ends here


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--mutants", type=Path, help="what to try: JSON, a list of mutants")
    parser.addoption("--learned", type=Path, help="folder of notes which test runs which line")
    parser.addoption("--learn", action="store_true", help="write what is missing there; try nothing")
    parser.addoption("--ledger", type=Path, help="where verdicts go")
    parser.addoption("--tests-digest", default="")


class _Hearing:
    """Did the test fail?"""

    failed = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed = self.failed or report.failed


def _forget() -> None:
    for module, name in KEPT:
        if module in sys.modules:
            getattr(import_module(module), name).clear()


def _run(item: pytest.Item, following: pytest.Item | None) -> None:
    """Fixtures that `following` shares with it are kept."""
    item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop(session: pytest.Session) -> bool | None:
    source: Path | None = session.config.getoption("--mutants")
    if source is None or session.config.option.collectonly:
        return None
    Trial(session).run([Mutant(**data) for data in json.loads(source.read_text())])
    return True


class Trial:
    """The mutants of one process, one after the other."""

    def __init__(self, session: pytest.Session) -> None:
        self.config = session.config
        self.items = {item.nodeid: item for item in session.items}
        self.cpu_s: dict[str, float] = {}
        self.by_line: dict[tuple[str, int], list[str]] = {}
        self.noticed: list[str] = []  # tests that saw a fault, the newest last
        self.hearing = _Hearing()
        self.config.pluginmanager.register(self.hearing)

    def run(self, mutants: list[Mutant]) -> None:
        files: dict[Path, list[str]] = {}
        for nodeid, item in self.items.items():
            files.setdefault(item.path, []).append(nodeid)
        for file, nodeids in files.items():
            notes = self._notes_of(file)
            if not notes.exists() and self.config.getoption("--learn"):
                learned = self._learn(nodeids, {mutant.path for mutant in mutants})
                self._check(nodeids)
                notes.write_text(json.dumps(learned))
            for nodeid, (cpu_s, lines) in json.loads(notes.read_text()).items():
                self.cpu_s[nodeid] = cpu_s
                for path, numbers in lines.items():
                    for number in numbers:
                        self.by_line.setdefault((path, number), []).append(nodeid)
        if self.config.getoption("--learn"):
            return
        for nodeids in files.values():
            _run(self.items[nodeids[0]], None)  # what tests keep from one to the next is then there
        for mutant in mutants:
            entry = self._try(mutant)
            ledger.add(self.config.getoption("--ledger"), [entry])
            print(f"{entry.verdict.value:9} {mutant.name}", file=sys.stderr)  # noqa: T201

    def _notes_of(self, file: Path) -> Path:
        folder: Path = self.config.getoption("--learned")
        return folder / f"{file.stem}-{hashlib.sha256(file.read_bytes()).hexdigest()[:12]}.json"

    def _learn(self, nodeids: list[str], paths: set[str]) -> dict[str, tuple[float, dict[str, list[int]]]]:
        """For each test how long it takes and which lines of the copy it runs."""
        files = {path: str(COPY / path) for path in paths}
        tracer = coverage.Coverage(data_file=None, include=list(files.values()), config_file=False)
        tracer.set_option("run:disable_warnings", ["no-data-collected"])  # some tests reach none of them
        cpu_s: dict[str, float] = {}
        tracer.start()
        for nodeid, following in zip(nodeids, [*nodeids[1:], None], strict=True):
            _forget()
            tracer.switch_context(nodeid)
            began_s = process_time()
            _run(self.items[nodeid], self.items[following] if following else None)
            cpu_s[nodeid] = process_time() - began_s
            if self.hearing.failed:
                raise pytest.UsageError(f"{nodeid} fails without any fault")
        tracer.stop()
        data = tracer.get_data()
        found: dict[str, tuple[float, dict[str, list[int]]]] = {n: (cpu_s[n], {}) for n in nodeids}
        for path, file in files.items():
            for number, contexts in data.contexts_by_lineno(file).items():
                for nodeid in filter(None, contexts):
                    found[nodeid][1].setdefault(path, []).append(number)
        return found

    def _check(self, nodeids: list[str]) -> None:
        """Forked and in another order, but without a fault, they have to pass: else they kill for nothing."""
        code, told, _ = self._fork(None, sorted(nodeids), is_anew=False)
        if code != 0:
            raise pytest.UsageError(f"{told[-1]} fails in a process of its own, without any fault")

    def _who_runs(self, mutant: Mutant) -> list[str]:
        lines = range(mutant.first, mutant.last + 1)
        found = {nodeid for n in lines for nodeid in self.by_line.get((mutant.path, n), ())}
        # who has seen a fault lately may see the next one too
        return sorted(
            found, key=lambda n: (-self.noticed.index(n) if n in self.noticed else 1, self.cpu_s[n])
        )

    def _try(self, mutant: Mutant) -> Entry:
        nodeids = self._who_runs(mutant)
        if not nodeids:
            return self._entry(mutant, Verdict.UNREACHED)
        is_maker = mutant.path.endswith(MAKERS)
        entry = self._trial(mutant, nodeids, is_anew=is_maker)
        if entry.verdict is Verdict.SURVIVED and not is_maker:
            entry = self._trial(mutant, nodeids, is_anew=True)
        if entry.by:
            self.noticed = [*(n for n in self.noticed if n != entry.by), entry.by]
        return entry

    def _trial(self, mutant: Mutant, nodeids: list[str], *, is_anew: bool) -> Entry:
        code, told, cpu_s = self._fork(mutant, nodeids, is_anew=is_anew)
        if code == 0:
            return self._entry(mutant, Verdict.SURVIVED, cpu_s=cpu_s)
        verdict = Verdict.TIMEOUT if code == -signal.SIGPROF else Verdict.KILLED
        return self._entry(mutant, verdict, told[-1], cpu_s)

    def _fork(
        self, mutant: Mutant | None, nodeids: list[str], *, is_anew: bool
    ) -> tuple[int, list[str], float]:
        """Exit code, the tests that were run, and what they took."""
        read, write = os.pipe()
        pid = os.fork()
        if pid == 0:
            os.close(read)
            self._be_faulty(mutant, nodeids, write, is_anew=is_anew)
        os.close(write)
        with os.fdopen(read) as pipe:
            told = pipe.read().splitlines()
        _, status, usage = os.wait4(pid, 0)
        if not told:
            raise pytest.UsageError(f"cannot be tried: {mutant}")
        return os.waitstatus_to_exitcode(status), told, round(usage.ru_utime + usage.ru_stime, 3)

    def _entry(self, mutant: Mutant, verdict: Verdict, by: str = "", cpu_s: float = 0.0) -> Entry:
        tests = self.config.getoption("--tests-digest")
        return Entry(mutant.name, mutant.digest, verdict, tests, by, cpu_s)

    def _be_faulty(self, mutant: Mutant | None, nodeids: list[str], pipe: int, *, is_anew: bool) -> NoReturn:
        """In a process of its own; ends with 0 when no test noticed."""
        code = 1
        try:
            nowhere = os.open(os.devnull, os.O_RDWR)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            signal.signal(signal.SIGPROF, signal.SIG_DFL)
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
            self.hearing.failed = False
            if is_anew:
                _forget()
            if mutant is not None:
                switch.choose(mutant.key, mutant.version)
            for nodeid, following in zip(nodeids, [*nodeids[1:], None], strict=True):
                os.write(pipe, f"{nodeid}\n".encode())
                usual_s = self.cpu_s.get(nodeid, PATIENCE_S)
                signal.setitimer(signal.ITIMER_PROF, PATIENCE_S + PATIENCE * usual_s)
                _run(self.items[nodeid], self.items[following] if following else None)
                if self.hearing.failed:
                    break
            else:
                code = 0
        finally:
            os._exit(code)
