"""Every command teaches itself, and docs/commands.md has all of them."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main
from typer.testing import CliRunner

from cell_controller.cli.main import app

PAGE = (Path(__file__).parents[3] / "docs" / "commands.md").read_text()
SHARED = {"--help"}


def commands() -> dict[str, object]:
    """`cell parts order` and so on, with what typer made of it."""
    found: dict[str, object] = {}

    def walk(name: str, command: object) -> None:
        children = getattr(command, "commands", {})
        if name != "cell":
            found[name] = command
        for child, inner in children.items():
            walk(f"{name} {child}", inner)

    walk("cell", typer.main.get_command(app))
    return found


def options(command: object) -> set[str]:
    parameters = command.params  # type: ignore[attr-defined]
    words = {w for p in parameters for w in (*p.opts, *p.secondary_opts) if w.startswith("--")}
    return words - SHARED


def section(name: str) -> str:
    """The text under `### name`, up to the next heading."""
    found = re.search(rf"^### {re.escape(name)}\n(.*?)(?=^##|\Z)", PAGE, re.MULTILINE | re.DOTALL)
    assert found, f"docs/commands.md has no section ### {name}"
    return found.group(1)


COMMANDS = commands()


def test_the_program_has_the_commands_of_the_page_and_no_others() -> None:
    assert sorted(re.findall(r"^### (cell .*)$", PAGE, re.MULTILINE)) == sorted(COMMANDS)
    assert {name.split()[1] for name in COMMANDS} == {
        "check", "up", "run", "prove-stop",
        "status", "watch", "lifecycle", "command", "mode", "jog", "recover", "parts", "alarms", "drives",
    }  # fmt: skip


@pytest.mark.parametrize("name", COMMANDS)
def test_the_page_names_every_option_of_a_command_and_no_other(name: str) -> None:
    assert set(re.findall(r"--[a-z][a-z-]*", section(name))) == options(COMMANDS[name])


def test_the_page_names_the_options_of_the_program_itself() -> None:
    own = options(typer.main.get_command(app)) - {"--install-completion", "--show-completion"}
    assert own <= set(re.findall(r"--[a-z][a-z-]*", PAGE.split("## Bring a cell up")[0]))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_help_has_an_example_that_calls_the_command(name: str) -> None:
    result = CliRunner(env={"COLUMNS": "200", "NO_COLOR": "1"}).invoke(app, [*name.split()[1:], "--help"])
    assert result.exit_code == 0
    assert re.search(rf"Example: (\w+=\S+ )?(.*&& )?{name}\b", result.output), result.output


def test_help_is_fast_because_it_loads_neither_ros_nor_physics() -> None:
    code = (
        "import sys; from cell_controller.cli.main import main; main(['--help']); "
        "print('LOADED', [m for m in ('rclpy', 'mujoco', 'numpy', 'pydantic', 'cell_controller.nodes') "
        "if m in sys.modules])"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "LOADED []"
