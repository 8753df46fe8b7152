"""A weld from approach to retract on kinematic drives."""

from cell_controller.messages import Directive, HoldState, TaskKind, TaskResult, Verdict


def test_a_weld_goes_through_its_phases_and_is_good(robot):
    robot.give(TaskKind.WELD)
    done = robot.finish()
    assert (done.result, done.verdict) == (TaskResult.DONE, Verdict.GOOD), done
    phases = list(dict.fromkeys(state.phase for _, state in robot.states))
    assert phases == [
        "idle", "wait_zone", "clamp", "approach", "lower", "touch", "plunge", "dwell_start", "traverse",
        "dwell_end", "retract", "spin_down",
    ]  # fmt: skip


def test_a_hold_from_contact_on_lets_the_weld_finish(robot):
    robot.give(TaskKind.WELD)
    robot.run(20.0, lambda: robot.unit.phase == "traverse")
    robot.direct(Directive.HOLD)
    robot.run(0.2)
    assert robot.state.hold is HoldState.HOLDING
    done = robot.finish()
    assert (done.result, done.verdict) == (TaskResult.DONE, Verdict.GOOD)
    assert robot.run(0.2, lambda: robot.is_held)


def test_the_spindle_turns_whenever_the_tool_is_under_the_surface(robot):
    robot.give(TaskKind.WELD)
    assert robot.run(20.0, lambda: robot.unit.phase == "plunge")

    def is_out() -> bool:
        z, spindle = robot.drives["weld_z"], robot.drives["weld_spindle"]
        is_deep = z.position_m < robot.recipe.part.thickness_m
        assert spindle.speed >= 0.95 * robot.recipe.weld.spindle_rpm or not is_deep
        return robot.is_over

    assert robot.run(60.0, is_out)


def test_a_spindle_that_slows_down_in_the_weld_makes_it_suspect(robot):
    robot.give(TaskKind.WELD)
    robot.run(20.0, lambda: robot.unit.phase == "traverse")
    robot.drives["weld_spindle"].speed = 500.0
    robot.drives["weld_spindle"].stuck = True
    robot.run(0.8)
    robot.drives["weld_spindle"].stuck = False
    done = robot.finish()
    assert (done.result, done.verdict) == (TaskResult.FAILED, Verdict.SUSPECT)
    assert "weld_spindle turns at 500 rpm instead of 1000" in done.detail


def test_a_tool_that_gets_too_hot_leaves_the_material(robot):
    robot.give(TaskKind.WELD)
    robot.run(20.0, lambda: robot.unit.phase == "dwell_start")
    robot.process = lambda bench, dt_s: bench.analog.__setitem__(0, 5600.0)
    done = robot.finish()
    assert (done.result, done.verdict) == (TaskResult.FAILED, Verdict.SUSPECT)
    assert "tool at 560 C, limit 550 C" in done.detail


def test_a_lost_temperature_makes_the_part_bad(robot):
    robot.give(TaskKind.WELD)
    robot.run(20.0, lambda: robot.unit.phase == "traverse")
    robot.analog = []
    robot.process = lambda bench, dt_s: None
    done = robot.finish()
    assert done.verdict is Verdict.BAD
    assert "tool temperature not measured" in done.detail


def test_a_part_of_another_thickness_is_not_welded(robot):
    thick = robot.recipe.part.model_copy(update={"thickness_m": 0.0028})
    robot.give(TaskKind.WELD)
    robot.recipe = robot.recipe.model_copy(update={"part": thick})
    done = robot.finish()
    assert (done.result, done.verdict) == (TaskResult.FAILED, Verdict.SUSPECT)
    assert "the part is 2.00 mm thick" in done.detail


def test_no_part_under_the_tool_is_no_weld(robot):
    robot.give(TaskKind.WELD)
    robot.process = lambda bench, dt_s: None
    done = robot.finish()
    assert done.result is TaskResult.FAILED
    assert "no contact down to" in done.detail
