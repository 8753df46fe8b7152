"""What `make mutants` prints, keeps and excuses."""

from pathlib import Path

import pytest

from mutants import ledger
from mutants.ledger import Entry, Verdict
from mutants.report import equivalents, print_survivors, unknown, with_table
from mutants.rooms import NOT_ASKED, NOT_MUTATED, ROOMS, ROOT, SOURCES, Mutant, files_of

PAGE = ROOT / "docs" / "testing.md"


def mutant(name: str) -> Mutant:
    return Mutant(name, "safety", "src/cell_controller/safety/clip.py", "module.function", "x_1", "abc", 1, 2)


def entry(name: str, verdict: Verdict) -> Entry:
    return Entry(name, "abc", verdict, "tests")


def test_the_page_shows_every_fault_that_is_excused() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page == with_table(page), "write with_table(page) back into docs/testing.md"


def test_every_excuse_has_a_reason_and_is_given_once() -> None:
    faults = [e.fault for e in equivalents()]
    assert len(set(faults)) == len(faults)
    assert all(e.reason for e in equivalents())


def test_an_excuse_for_a_fault_that_does_not_exist_is_found() -> None:
    first, *more = (e.fault for e in equivalents())
    file = first.partition(" ")[0]
    here = tuple(fault for fault in more if fault.partition(" ")[0] == file)
    assert unknown([mutant(f"{file} another fault"), mutant(first)]) == here
    assert unknown([mutant("safety/latch.py a file without excuses")]) == ()


def test_what_the_rooms_name_exists() -> None:
    for room in ROOMS:
        assert files_of(room)
        assert all((ROOT / path).exists() for path in room.tests)
    assert all((ROOT / path).exists() for path in NOT_ASKED)
    assert all((ROOT / SOURCES / path).exists() for path in NOT_MUTATED)


def test_the_newest_verdict_counts(tmp_path: Path) -> None:
    file = tmp_path / "verdicts.jsonl"
    ledger.add(file, [entry("a", Verdict.SURVIVED), entry("b", Verdict.TIMEOUT)])
    ledger.add(file, [entry("a", Verdict.KILLED)])
    known = ledger.read(file)
    assert {e.name: e.verdict for e in known.values()} == {"a": Verdict.KILLED, "b": Verdict.TIMEOUT}


def test_the_score_counts_survivors_but_not_excused_or_untried_faults(
    capsys: pytest.CaptureFixture[str],
) -> None:
    excused = equivalents()[0].fault
    verdicts = {
        "killed": Verdict.KILLED,
        "late": Verdict.TIMEOUT,
        "here": Verdict.SURVIVED,
        "nobody": Verdict.UNREACHED,
        excused: Verdict.SURVIVED,
    }
    known = {(name, "abc"): entry(name, verdict) for name, verdict in verdicts.items()}
    assert print_survivors([mutant(n) for n in (*verdicts, "later")], known) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["survived: here", "unreached: nobody"]
    assert lines[2].startswith("safety: 50.0% of 4 killed;")
    assert print_survivors([mutant("killed"), mutant(excused)], known) == 0
