"""The stack light, against the 2022 table written out by hand, and the Markdown of the transition table."""

import pytest

from cell_controller.packml import STATES, StackLight, State, as_markdown, describe, stack_light

# R red, r red flashing, g green flashing, G green, h horn: what each state shows without any flag.
PLAIN = {
    "CLEARING": "r", "ABORTING": "r", "ABORTED": "r",
    "COMPLETE": "R", "STOPPED": "R", "STOPPING": "R", "RESETTING": "R",
    "IDLE": "g",
    "EXECUTE": "G", "COMPLETING": "G",
    "STARTING": "Gh", "UNHOLDING": "Gh", "UNSUSPENDING": "Gh",
    "HOLDING": "", "HELD": "", "SUSPENDING": "", "SUSPENDED": "",
}  # fmt: skip
LETTERS = {
    "R": StackLight.RED,
    "r": StackLight.RED_FLASHING,
    "G": StackLight.GREEN,
    "g": StackLight.GREEN_FLASHING,
    "h": StackLight.HORN_FLASHING,
}


def plain(state: State) -> StackLight:
    light = StackLight.DARK
    for letter in PLAIN[state.name]:
        light |= LETTERS[letter]
    return light


@pytest.mark.parametrize("state", STATES)
def test_every_state_shows_its_lamps(state: State) -> None:
    assert stack_light(state) == plain(state)
    is_suspended = state in (State.SUSPENDING, State.SUSPENDED)
    is_held = state in (State.HOLDING, State.HELD)
    assert stack_light(state, is_starved=True) == plain(state) | (
        StackLight.AMBER_FLASHING if is_suspended else StackLight.DARK
    )
    assert stack_light(state, is_blocked=True) == plain(state) | (
        StackLight.AMBER if is_suspended else StackLight.DARK
    )
    assert stack_light(state, is_material_low=True) == plain(state) | (
        StackLight.DARK if is_held else StackLight.BLUE_FLASHING
    )
    assert stack_light(state, is_material_out=True) == plain(state) | (
        StackLight.BLUE if is_held else StackLight.DARK
    )


def test_the_bits_are_those_of_the_stacklight_tag() -> None:
    assert [int(light) for light in LETTERS.values()] == [1, 2, 64, 128, 512]
    others = (StackLight.AMBER, StackLight.AMBER_FLASHING, StackLight.BLUE, StackLight.BLUE_FLASHING)
    assert [int(light) for light in others] == [4, 8, 16, 32]


def test_an_undefined_state_lights_nothing() -> None:
    assert stack_light(State.UNDEFINED, is_starved=True, is_material_low=True) == StackLight.DARK


def test_a_light_can_be_read_aloud() -> None:
    assert describe(stack_light(State.STARTING)) == "green, horn flashing"
    assert describe(stack_light(State.SUSPENDED, is_starved=True)) == "amber flashing"
    assert describe(StackLight.DARK) == "dark"


def test_the_documented_table_has_a_row_per_rule() -> None:
    lines = as_markdown().splitlines()
    assert "| Clear | Aborted | Clearing |" in lines
    assert "| SC | Stopping, Clearing | Stopped |" in lines
    assert len(lines) == 2 + 17


def test_the_documented_table_is_one() -> None:
    head, line, first, *_ = as_markdown().splitlines()
    assert (head, line) == ("| event | legal in | goes to |", "|---|---|---|")
    assert first == "| Reset | Stopped, Complete | Resetting |"
