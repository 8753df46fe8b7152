"""Indexing on a kinematic belt."""

from dataclasses import replace

import pytest

from cell_controller.config import ReferenceMethod
from cell_controller.messages import (
    Directive,
    Guard,
    Parameter,
    SafetyPhase,
    SetpointKind,
    TaskKind,
    TaskResult,
)
from cell_controller.runtime.ports import DRIVE_STATES
from cell_controller.stations import LOAD_REQUEST


def test_an_index_moves_every_part_by_one_place(conveyor):
    conveyor.give(TaskKind.INDEX)
    done = conveyor.finish()
    assert done.result is TaskResult.DONE, done
    assert done.places == (False, True, True, False)


def test_ten_indexes_land_on_ten_pitches(conveyor):
    conveyor.parts = []
    conveyor.run(0.2)
    for number in range(1, 11):
        conveyor.give(TaskKind.INDEX)
        assert conveyor.finish().result is TaskResult.DONE
        assert conveyor.drives["belt"].position_m == pytest.approx(number * conveyor.config.pitch_m)
        assert conveyor.value("pitch_index") == number


def test_the_belt_does_not_move_while_a_zone_or_a_clamp_is_not_free(conveyor):
    conveyor.grants_zones = False
    conveyor.give(TaskKind.INDEX)
    conveyor.run(2.0)
    assert conveyor.state.phase == "wait_clear"
    conveyor.grants_zones, conveyor.clamp_jammed = True, True
    conveyor.run(2.0)
    assert conveyor.drives["belt"].position_m == 0.0
    conveyor.clamp_jammed = False
    assert conveyor.finish().result is TaskResult.DONE


def test_a_part_on_the_last_place_blocks_the_index(conveyor):
    conveyor.parts = [2.0, 3.0]
    conveyor.run(0.3)
    assert conveyor.state.is_blocked
    conveyor.give(TaskKind.INDEX)
    conveyor.run(2.0)
    assert conveyor.state.phase == "wait_clear"
    conveyor.parts = [2.0]
    done = conveyor.finish()
    assert done.places == (False, False, False, True)


def test_an_empty_belt_is_starved(conveyor):
    assert not conveyor.state.is_starved
    conveyor.parts = []
    conveyor.run(0.3)
    assert conveyor.state.is_starved


def test_a_part_that_does_not_leave_its_sensor_is_a_jam(conveyor):
    conveyor.give(TaskKind.INDEX)
    conveyor.run(1.0, lambda: conveyor.unit.phase == "index")
    conveyor.frozen_sensors["part_at_weld"] = True
    done = conveyor.finish()
    assert done.result is TaskResult.FAILED
    assert "jam: the part at weld has not left its sensor" in done.detail
    assert conveyor.drives["belt"].position_m == pytest.approx(0.0)


def test_a_belt_that_stands_in_the_middle_is_a_jam_within_its_time(conveyor):
    conveyor.give(TaskKind.INDEX)
    conveyor.run(1.0, lambda: conveyor.unit.phase == "index")
    conveyor.run(0.3)
    conveyor.drives["belt"].stuck = True
    began_s = conveyor.now_s
    assert conveyor.run(5.0, lambda: conveyor.unit.phase == "re_reference")
    assert conveyor.now_s - began_s <= 1.0
    done = conveyor.finish()
    assert done.result is TaskResult.FAILED
    assert "cannot go back either" in done.detail


def test_a_hold_on_a_jam_waits_on_its_pitch_and_tries_again(conveyor):
    conveyor.give(TaskKind.INDEX)
    conveyor.run(1.0, lambda: conveyor.unit.phase == "index")
    conveyor.run(0.3)
    conveyor.drives["belt"].stuck = True
    conveyor.direct(Directive.HOLD)
    assert conveyor.run(5.0, lambda: conveyor.unit.phase == "re_reference")
    conveyor.drives["belt"].stuck = False
    assert conveyor.run(5.0, lambda: conveyor.is_held)
    assert conveyor.drives["belt"].position_m == pytest.approx(0.0)
    conveyor.direct(Directive.RUN)
    done = conveyor.finish()
    assert (done.result, done.places) == (TaskResult.DONE, (False, True, True, False))


def test_home_takes_an_interrupted_index_back_to_where_it_began(conveyor):
    conveyor.give(TaskKind.INDEX)
    conveyor.run(5.0, lambda: conveyor.drives["belt"].position_m > 0.75 * conveyor.conveyor.pitch_m)
    conveyor.trip()
    assert conveyor.finish(0.2).result is TaskResult.ABORTED
    assert not conveyor.state.is_ready
    conveyor.permit()
    conveyor.run(0.1)
    conveyor.give(TaskKind.INDEX)
    assert "not on a pitch" in conveyor.finish(1.0).detail
    conveyor.give(TaskKind.HOME)
    assert conveyor.finish().result is TaskResult.DONE
    assert conveyor.drives["belt"].position_m == pytest.approx(0.0)
    assert conveyor.state.is_ready


def unreferenced(conveyor, *, mark_m: float) -> None:
    """The belt's drive has lost its zero; the belt is where it was."""
    belt = conveyor.drives["belt"]
    belt.is_homed, belt.mark_m, belt.slipped_m = False, mark_m, -mark_m
    conveyor.run(0.2)


def test_home_lets_a_belt_find_its_mark_and_then_it_can_index(conveyor):
    conveyor.drives["belt"].position_m = 0.3
    unreferenced(conveyor, mark_m=0.1)
    assert not conveyor.state.is_ready
    assert not conveyor.state.is_clear
    conveyor.give(TaskKind.INDEX)
    assert "belt is not homed" in conveyor.finish(1.0).detail
    conveyor.give(TaskKind.HOME)
    done = conveyor.finish()
    assert (done.result, done.places) == (TaskResult.DONE, (True, True, False, False)), done
    assert conveyor.state.is_ready
    references = [s for _, m in conveyor.setpoints for s in m.drives if s.kind is SetpointKind.REFERENCE]
    assert len({s.move_id for s in references}) == 1
    conveyor.give(TaskKind.INDEX)
    assert conveyor.finish().places == (False, True, True, False)


def test_home_of_a_belt_that_knows_its_zero_does_not_look_for_it(conveyor):
    conveyor.drives["belt"].position_m = 0.08
    conveyor.run(0.2)
    conveyor.give(TaskKind.HOME)
    assert conveyor.finish().result is TaskResult.DONE
    assert all(s.kind is not SetpointKind.REFERENCE for _, m in conveyor.setpoints for s in m.drives)


def test_a_belt_that_finds_no_mark_fails_and_is_not_ready(conveyor):
    conveyor.drives["belt"].position_m = 0.3
    conveyor.drives["belt"].stuck = True
    unreferenced(conveyor, mark_m=0.0)
    conveyor.give(TaskKind.HOME)
    done = conveyor.finish(5.0)
    assert done.result is TaskResult.FAILED
    assert "belt stands and finds no reference" in done.detail
    assert not done.is_ready


def test_a_belt_that_has_slipped_in_a_jam_goes_back_to_its_mark_and_not_by_its_motor(conveyor):
    conveyor.give(TaskKind.INDEX)
    belt = conveyor.drives["belt"]
    conveyor.run(5.0, lambda: belt.position_m > 0.6 * conveyor.conveyor.pitch_m)
    slip_m = 0.3 * conveyor.conveyor.pitch_m
    belt.stuck, belt.mark_m, belt.slipped_m = True, slip_m, -slip_m  # the motor is ahead of the belt
    assert conveyor.run(5.0, lambda: conveyor.unit.phase == "re_reference")
    belt.stuck = False
    done = conveyor.finish()
    assert done.result is TaskResult.FAILED
    assert "the belt is back on its pitch" in done.detail
    assert done.places == (True, True, False, False)
    assert (belt.slipped_m, belt.position_m) == pytest.approx((0.0, 0.0))
    conveyor.run(0.2)
    assert conveyor.state.is_ready


def test_after_a_jam_that_holds_the_belt_its_zero_is_not_believed(conveyor):
    conveyor.give(TaskKind.INDEX)
    belt = conveyor.drives["belt"]
    conveyor.run(5.0, lambda: belt.position_m > 0.6 * conveyor.conveyor.pitch_m)
    belt.stuck = True
    assert "cannot go back either" in conveyor.finish().detail
    belt.position_m, belt.is_homed = 0.0, True  # where the motor believes the pitch to be
    conveyor.run(0.2)
    assert not conveyor.state.is_ready
    conveyor.give(TaskKind.INDEX)
    assert "home the station first" in conveyor.finish(1.0).detail


def test_a_new_life_of_the_station_does_not_believe_the_zero_of_the_drive(conveyor):
    conveyor.give(TaskKind.INDEX)
    belt = conveyor.drives["belt"]
    conveyor.run(5.0, lambda: belt.position_m > 0.6 * conveyor.conveyor.pitch_m)
    slip_m = 0.3 * conveyor.conveyor.pitch_m
    belt.stuck, belt.mark_m, belt.slipped_m = True, slip_m, -slip_m  # the motor is ahead of the belt
    belt.restless = True
    assert conveyor.run(5.0, lambda: conveyor.unit.phase == "blocked")
    belt.stuck = belt.restless = False
    conveyor.restart()
    assert belt.is_homed
    assert not conveyor.state.is_ready
    conveyor.give(TaskKind.HOME)
    assert conveyor.finish().result is TaskResult.DONE
    assert (belt.slipped_m, belt.position_m) == pytest.approx((0.0, 0.0))
    conveyor.run(0.2)
    assert conveyor.state.is_ready
    assert conveyor.state.places == (True, True, False, False)


@pytest.mark.parametrize("reference", [ReferenceMethod.HERE, None])
def test_a_new_life_believes_a_zero_that_no_search_could_find(conveyor, reference):
    conveyor.restart()
    model = conveyor.unit.belt.model
    conveyor.unit.belt.model = model.model_copy(update={"reference": reference})
    conveyor.run(0.2)
    assert conveyor.state.is_ready


def test_home_gives_a_belt_at_the_end_of_its_range_a_new_zero(conveyor):
    belt = conveyor.drives["belt"]
    belt.position_m = belt.mark_m = belt.model.max_m
    belt.slipped_m = -belt.mark_m
    conveyor.run(0.2)
    conveyor.give(TaskKind.INDEX)
    assert "end of its range" in conveyor.finish(1.0).detail
    conveyor.give(TaskKind.HOME)
    assert conveyor.finish().result is TaskResult.DONE
    assert belt.position_m == 0.0


def test_home_of_a_belt_without_a_way_to_find_its_zero_fails_and_says_so(conveyor):
    belt = conveyor.unit.belt
    belt.model = belt.model.model_copy(update={"reference": None, "absolute": True})
    conveyor.drives["belt"].is_homed = False
    conveyor.run(0.2)
    conveyor.give(TaskKind.HOME)
    done = conveyor.finish(2.0)
    assert done.result is TaskResult.FAILED
    assert "belt reports no reference" in done.detail


def test_a_part_is_asked_for_only_while_the_first_place_is_free_and_the_belt_stands(conveyor):
    mask = conveyor.cell.signals.outputs["load_request"].mask

    def is_asking() -> bool:
        return bool(conveyor.outputs & mask)

    wish = (Parameter(LOAD_REQUEST, 1.0),)
    conveyor.order = replace(conveyor.order, parameters=wish)
    conveyor.run(0.3)
    assert not is_asking()  # the first place is taken
    conveyor.parts = [1.0]
    conveyor.run(0.3)
    assert is_asking()
    conveyor.give(TaskKind.INDEX, wish)
    conveyor.run(2.0, lambda: conveyor.unit.phase == "index")
    conveyor.run(0.1)
    assert not is_asking()
    conveyor.finish()
    conveyor.run(0.2)
    assert is_asking()
    conveyor.order = replace(conveyor.order, parameters=())
    conveyor.run(0.2)
    assert not is_asking()


def test_a_sensor_that_flickers_is_not_a_part(conveyor):
    conveyor.frozen_sensors["part_at_grind"] = True
    conveyor.run(0.02)
    conveyor.frozen_sensors.clear()
    conveyor.run(0.2)
    assert not any(state.places[2] for _, state in conveyor.states if state.places)


def test_a_jog_of_the_belt_needs_open_clamps(conveyor):
    conveyor.permit(SafetyPhase.RECOVERY)
    conveyor.clamp_jammed = True
    conveyor.press(TaskKind.JOG, "belt", 0.01)
    conveyor.run(0.5)
    assert conveyor.at("belt").kind is SetpointKind.STOP
    conveyor.clamp_jammed = False
    conveyor.run(0.2)
    assert conveyor.at("belt").kind is SetpointKind.VELOCITY


def test_sensors_that_were_not_heard_of_late_say_nothing(conveyor):
    conveyor.run(0.3)
    assert conveyor.state.places == (True, True, False, False)
    conveyor.hears_states = False
    conveyor.run(0.5)
    assert conveyor.state.places == ()
    assert not conveyor.state.is_ready
    conveyor.hears_states = True
    conveyor.run(0.3)
    assert conveyor.state.places == (True, True, False, False)


def test_sensors_are_as_old_as_their_bus_says_although_messages_arrive(conveyor):
    conveyor.run(0.3)
    deliver = conveyor._deliver
    waiting = []

    def held_back(port, source, message):
        """Half a second in a queue, for every message of a bus."""
        if port != DRIVE_STATES.name:
            deliver(port, source, message)
            return
        stamped = replace(message, guard=Guard(source, 3, 1000 + len(waiting), conveyor.now_s))
        waiting.append(stamped)
        if len(waiting) > 25 * len(conveyor.lines):
            late = waiting[len(waiting) - 25 * len(conveyor.lines)]
            conveyor.runner.deliver(port, late, conveyor.now_s)

    conveyor._deliver = held_back
    conveyor.run(2.0)
    assert conveyor.state.places == ()
