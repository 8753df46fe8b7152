"""A grinding from approach to retract on kinematic drives."""

from cell_controller.messages import TaskKind, TaskResult, Verdict


def test_a_grinding_goes_through_its_phases_and_is_good(spindle):
    spindle.give(TaskKind.GRIND)
    done = spindle.finish()
    assert (done.result, done.verdict) == (TaskResult.DONE, Verdict.GOOD), done
    phases = list(dict.fromkeys(state.phase for _, state in spindle.states))
    assert phases == [
        "idle", "wait_zone", "clamp", "approach", "lower", "gap", "rough", "finish", "spark_out",
        "retract", "spin_down", "open_clamp",
    ]  # fmt: skip
