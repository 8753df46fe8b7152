"""A weld from approach to retract on kinematic drives."""

from cell_controller.messages import TaskKind, TaskResult, Verdict


def test_a_weld_goes_through_its_phases_and_is_good(robot):
    robot.give(TaskKind.WELD)
    done = robot.finish()
    assert (done.result, done.verdict) == (TaskResult.DONE, Verdict.GOOD), done
    phases = list(dict.fromkeys(state.phase for _, state in robot.states))
    assert phases == [
        "idle", "wait_zone", "clamp", "approach", "lower", "touch", "plunge", "dwell_start", "traverse",
        "dwell_end", "retract", "spin_down", "open_clamp",
    ]  # fmt: skip
