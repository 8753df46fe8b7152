"""The epoch only rises, and there is none before every bus was heard."""

from __future__ import annotations

from cell_controller.safety.epochs import Epochs


def test_the_first_epoch_is_one_more_than_the_largest_that_a_bus_knows() -> None:
    for heard, first in (((0, 0), 1), ((0, 7), 8), ((7, 3), 8)):
        epochs = Epochs(("weld", "grind"))
        epochs.hear("weld", heard[0])
        assert (epochs.present, epochs.may_command, epochs.unheard) == (0, False, ("grind",))
        epochs.hear("grind", heard[1])
        assert (epochs.present, epochs.may_command, epochs.unheard) == (first, True, ())


def test_it_cannot_be_advanced_before_it_is_taken() -> None:
    epochs = Epochs(("weld",))
    epochs.advance()
    assert epochs.present == 0
    epochs.hear("weld", 0)
    epochs.advance()
    epochs.advance()
    assert epochs.present == 3


def test_a_bus_that_knows_a_later_epoch_ends_this_interlock_for_good() -> None:
    epochs = Epochs(("weld",))
    epochs.hear("weld", 4)
    epochs.hear("weld", 5)
    assert epochs.may_command
    epochs.hear("weld", 6)
    assert (epochs.is_superseded, epochs.may_command) == (True, False)
    epochs.hear("weld", 5)
    assert not epochs.may_command
