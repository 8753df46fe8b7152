"""A grinding from approach to retract on kinematic drives."""

from cell_controller.messages import Directive, HoldState, TaskKind, TaskResult, Verdict
from cell_controller.stations import parameters_of


def test_a_grinding_goes_through_its_phases_and_is_good(spindle):
    spindle.give(TaskKind.GRIND)
    done = spindle.finish()
    assert (done.result, done.verdict) == (TaskResult.DONE, Verdict.GOOD), done
    phases = list(dict.fromkeys(state.phase for _, state in spindle.states))
    assert phases == [
        "idle", "wait_zone", "clamp", "approach", "lower", "gap", "rough", "finish", "spark_out",
        "retract", "spin_down",
    ]  # fmt: skip


def test_a_hold_retracts_and_the_resumed_task_comes_back_through_the_gap(spindle):
    spindle.give(TaskKind.GRIND)
    assert spindle.run(40.0, lambda: spindle.unit.phase == "finish")
    spindle.run(0.5)
    contact_m = spindle.unit.record.contact_m
    spindle.direct(Directive.HOLD)
    assert spindle.run(10.0, lambda: spindle.is_held)
    assert spindle.state.hold is HoldState.HELD
    assert spindle.drives["grind_infeed"].position_m >= spindle.unit.safe_m - 0.001
    assert spindle.drives["grind_wheel"].speed < 10.0
    before = len(spindle.states)
    spindle.direct(Directive.RUN)
    done = spindle.finish()
    assert (done.result, done.verdict) == (TaskResult.DONE, Verdict.GOOD)
    phases = list(dict.fromkeys(state.phase for _, state in spindle.states[before:]))
    assert phases.index("gap") < phases.index("spark_out")
    assert next(p.value for p in done.values if p.name == "contact_m") == contact_m


def test_infeed_drops_to_rough_speed_in_the_step_that_sees_contact(spindle):
    spindle.give(TaskKind.GRIND)
    assert spindle.run(40.0, lambda: spindle.unit.phase == "gap")
    spindle.run(0.2)
    assert spindle.at("grind_infeed").target_speed_m_s == -spindle.recipe.grind.gap_speed_m_s
    assert spindle.run(40.0, lambda: spindle.unit.phase == "rough")
    assert spindle.at("grind_infeed").target_speed_m_s >= -spindle.recipe.grind.rough_speed_m_s


def test_an_overloaded_wheel_takes_the_infeed_away_and_gives_it_back(spindle):
    spindle.give(TaskKind.GRIND)
    spindle.run(40.0, lambda: spindle.unit.phase == "rough")
    process = spindle.process
    overloaded = 2.0 * spindle.recipe.grind.power_max_w

    def overload(bench, dt_s):
        bench.drives["grind_wheel"].power_w = overloaded

    spindle.process = overload
    spindle.run(1.2)
    slow = spindle.at("grind_infeed").target_speed_m_s
    assert slow > -0.1 * spindle.recipe.grind.rough_speed_m_s
    spindle.process = process
    spindle.run(0.8)
    assert spindle.at("grind_infeed").target_speed_m_s < slow
    done = spindle.finish()
    assert done.verdict is Verdict.BAD
    assert "power" in done.detail


def test_a_wheel_never_gets_more_than_its_permitted_speed(spindle):
    parameters = tuple(
        type(p)(p.name, 2999.0) if p.name == "wheel_rpm" else p
        for p in parameters_of(spindle.recipe, TaskKind.GRIND)
    )
    spindle.give(TaskKind.GRIND, parameters)
    done = spindle.finish(1.0)
    assert done.result is TaskResult.REFUSED
    assert "2999 rpm is over the limit of grind_wheel and its wheel" in done.detail


def test_a_gauge_that_says_nothing_makes_the_part_bad(spindle):
    spindle.give(TaskKind.GRIND)
    assert spindle.run(40.0, lambda: spindle.unit.phase == "finish")
    spindle.process = lambda bench, dt_s: None
    spindle.analog = spindle.analog[:1]
    done = spindle.finish()
    assert done.verdict is Verdict.BAD
    assert "size not measured" in done.detail
