from __future__ import annotations

from itertools import pairwise

import pytest

from cell_controller.config import InputRule, InputSignal, SafetyInput
from cell_sim.plant import build_plant
from cell_sim.plant.record import MotionSample

LOAD_REQUEST = 1 << 2


def index(rig, pitches: int = 1) -> None:
    belt = rig.plant.belts["conveyor"]
    target_m = round(belt.axis.position_m / belt.pitch_m + pitches) * belt.pitch_m
    belt.axis.move_to(target_m, 0.3, 1.0, 1.0)
    rig.run(pitches * belt.pitch_m / 0.3 + 0.5)


def sensors(rig) -> int:
    return rig.plant.modules["station_io"].input_bits() & 0b1111


def test_the_loader_waits_for_the_request(rig):
    rig.run(5.0)
    assert sensors(rig) == 0
    rig.plant.set_outputs("station_io", LOAD_REQUEST)
    rig.run(0.4)
    assert sensors(rig) == 0
    rig.run(0.2)
    assert sensors(rig) == 0b0001


def test_the_loader_puts_no_part_on_a_belt_that_is_off_its_pitch(rig):
    rig.plant.belts["conveyor"].axis.move_to(0.1, 0.3, 1.0, 1.0)
    rig.run(1.0)
    rig.plant.set_outputs("station_io", LOAD_REQUEST)
    rig.run(3.0)
    assert rig.plant.parts == []


def test_parts_travel_from_place_to_place_and_leave_at_the_end(rig):
    rig.plant.set_outputs("station_io", LOAD_REQUEST)
    rig.run(1.0)
    rig.plant.set_outputs("station_io", 0)
    for expected in (0b0010, 0b0100, 0b1000):
        index(rig)
        assert sensors(rig) == expected
    rig.run(0.5)
    assert sensors(rig) == 0
    assert [p.number for p in rig.plant.delivered] == [1]


def test_no_part_is_ever_lost_or_doubled_while_the_belt_indexes(rig):
    rig.plant.set_outputs("station_io", LOAD_REQUEST)
    for _ in range(6):
        rig.run(1.0)
        index(rig)
    rig.run(1.0)
    numbers = [p.number for p in rig.plant.parts]
    assert numbers == list(range(1, len(numbers) + 1))
    assert not any(p.is_lost for p in rig.plant.parts)


def test_a_part_that_nobody_takes_falls_off_the_end(rig):
    belt = rig.plant.belts["conveyor"]
    belt.parts.append(belt.loader.make(3 * belt.pitch_m))
    belt.axis.move_to(belt.pitch_m, 0.3, 1.0, 1.0)
    rig.run(3.0)
    assert [p.is_lost for p in rig.plant.parts] == [True]


def test_a_jam_stops_the_belt_and_its_parts(rig):
    rig.plant.set_outputs("station_io", LOAD_REQUEST)
    rig.run(1.0)
    rig.plant.jam("conveyor")
    index(rig)
    assert sensors(rig) == 0b0001
    assert rig.plant.axes["belt"].position_m == 0.0


def test_a_clamped_part_blocks_the_belt(rig):
    belt = rig.plant.belts["conveyor"]
    belt.parts.append(belt.loader.make(belt.pitch_m))
    rig.plant.set_outputs("station_io", 1)
    rig.run(0.3)
    index(rig)
    assert belt.axis.position_m == 0.0


def test_a_clamp_closes_after_its_time_with_and_without_part(rig):
    wiring = rig.plant.modules["station_io"]
    rig.plant.set_outputs("station_io", 1)
    rig.run(0.15)
    assert not wiring.input_bits() & 0b10000
    rig.run(0.1)
    assert wiring.input_bits() & 0b10000


def test_without_air_a_clamp_stays_as_it_is(rig):
    rig.plant.set_outputs("station_io", 1)
    rig.run(0.3)
    rig.plant.set_air(False)
    rig.plant.set_outputs("station_io", 0)
    rig.run(2.0)
    assert rig.plant.modules["station_io"].input_bits() & 0b10000
    rig.plant.set_air(True)
    rig.run(0.3)
    assert not rig.plant.modules["station_io"].input_bits() & 0b10000


SAFETY_BITS = {"estop_ok": 1, "guard_closed": 2, "guard_locked": 4, "relay_closed": 8, "air_ok": 16}


def safety(rig) -> set[str]:
    bits = rig.plant.modules["safety_io"].input_bits()
    return {name for name, bit in SAFETY_BITS.items() if bits & bit}


def test_a_healthy_cell_shows_all_safety_inputs(rig):
    assert safety(rig) == set(SAFETY_BITS)


def test_the_relay_mirrors_at_once_and_takes_the_torque_after_its_delay(rig):
    x, spindle = rig.plant.axes["weld_x"], rig.plant.spindles["weld_spindle"]
    x.set_speed(0.05, 1.0, 1.0)
    spindle.run(1000.0, 3000.0)
    rig.run(1.0)
    rig.plant.press_estop()
    assert safety(rig) == {"guard_closed", "guard_locked", "air_ok"}
    rig.run(rig.cell.safety.relay.delay_s - 0.05)
    assert x.speed_m_s == pytest.approx(0.05)
    rig.run(0.2)
    assert rig.plant.is_sto
    assert x.speed_m_s == 0.0
    assert 900.0 < spindle.speed_rpm < 1000.0  # a spindle coasts


def test_the_delayed_contacts_open_at_their_exact_time(rig):
    rig.plant.press_estop()
    pressed_s = rig.plant.now_s
    rig.plant.advance(pressed_s + 60.0)
    event = next(e for e in rig.plant.record.entries if getattr(e, "name", "") == "sto on")
    assert event.at_s == pytest.approx(pressed_s + rig.cell.safety.relay.delay_s, abs=1e-5)


def test_the_relay_resets_by_itself_and_nothing_moves(rig):
    x = rig.plant.axes["weld_x"]
    x.set_speed(0.05, 1.0, 1.0)
    rig.run(0.5)
    rig.plant.press_estop()
    rig.run(10.0)
    stood_m = x.position_m
    rig.plant.release_estop()
    rig.run(1.0)
    assert not rig.plant.is_sto
    assert x.position_m == stood_m


def test_without_relay_the_drives_keep_their_torque(rig):
    rig.plant.relay.is_present = False
    rig.plant.press_estop()
    rig.run(30.0)
    assert not rig.plant.is_sto


def test_a_locked_guard_opens_only_by_force(rig):
    assert not rig.plant.open_guard()
    assert "guard_closed" in safety(rig)
    assert rig.plant.open_guard(force=True)
    assert not {"guard_closed", "relay_closed"} & safety(rig)


def test_an_unlocked_guard_opens(rig):
    rig.plant.set_outputs("safety_io", 1)
    rig.run(0.1)
    assert rig.plant.open_guard()


def test_a_forced_input_keeps_its_value(rig):
    rig.plant.force_input("station_io", 0, True)
    assert sensors(rig) == 1
    rig.plant.force_input("station_io", 0, None)
    assert sensors(rig) == 0


def test_every_motion_is_recorded_at_least_every_ten_milliseconds(rig):
    rig.plant.axes["weld_x"].move_to(0.1, 0.2, 2.0, 2.0)
    rig.plant.advance(rig.plant.now_s + 3.0)  # one lazy step for the caller
    samples = [e for e in rig.plant.record.entries if isinstance(e, MotionSample)]
    gaps = [b.at_s - a.at_s for a, b in pairwise(samples)]
    assert max(gaps) < 0.0101
    assert samples[-1].speed == 0.0
    assert samples[-1].position == pytest.approx(0.1)
    assert rig.plant.record.last_motion_s("weld_x", 0.0005) == pytest.approx(0.7, abs=0.05)


@pytest.mark.parametrize("step_s", [0.0005, 0.003, 0.02, 0.5])
def test_the_belt_arrives_at_the_same_place_for_any_step(rig, step_s):
    rig.plant.belts["conveyor"].axis.move_to(0.5, 0.3, 1.0, 1.0)
    rig.run(3.0, step_s)
    assert rig.plant.axes["belt"].position_m == 0.5


def test_an_earlier_time_changes_nothing(rig):
    rig.plant.axes["weld_x"].set_speed(0.1, 1.0, 1.0)
    rig.plant.advance(1.0)
    here_m = rig.plant.axes["weld_x"].position_m
    rig.plant.advance(0.5)
    assert (rig.plant.now_s, rig.plant.axes["weld_x"].position_m) == (1.0, here_m)


def test_the_same_seed_feeds_the_same_parts(rig):
    def fed() -> list[float]:
        plant = build_plant(rig.cell, rig.recipe)
        return [plant.belts["conveyor"].loader.make(0.0).thickness_m for _ in range(5)]

    assert fed() == fed()
    assert len(set(fed())) == 5


def test_both_channels_of_a_switch_are_wired_and_a_hand_holds_the_enabling_device(rig):
    cell = rig.cell
    more = {"estop_b": 8, "coolant_flow": 9, "enabling": 10}
    signals = cell.signals.model_copy(
        update={
            "inputs": cell.signals.inputs
            | {name: InputSignal(module="safety_io", channel=channel) for name, channel in more.items()}
        }
    )
    watched = {
        "estop_ok": SafetyInput(rule=InputRule.ESTOP, is_recoverable=False, second="estop_b"),
        "coolant_flow": SafetyInput(rule=InputRule.COOLANT, is_recoverable=True),
    }
    safety = cell.safety.model_copy(
        update={"inputs": cell.safety.inputs | watched, "enabling_device": "enabling"}
    )
    changed = cell.model_copy(update={"signals": signals, "safety": safety})
    plant = build_plant(changed, rig.recipe)
    assert plant.modules["safety_io"].input_bits() >> 8 == 0b111
    plant.press_estop()
    assert plant.modules["safety_io"].input_bits() & 0x101 == 0
    assert plant.modules["safety_io"].input_bits() >> 8 == 0b110
