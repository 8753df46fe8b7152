"""Indexing on a kinematic belt."""

from cell_controller.messages import TaskKind, TaskResult


def test_an_index_moves_every_part_by_one_place(conveyor):
    conveyor.give(TaskKind.INDEX)
    done = conveyor.finish()
    assert done.result is TaskResult.DONE, done
    assert done.places == (False, True, True, False)
