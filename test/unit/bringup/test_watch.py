"""The supervisor's judgement about one process."""

from dataclasses import replace
from math import inf

from cell_controller.bringup.watch import HANG_S, START_LIMIT_S, Settling, Sight, Verdict, is_up, judge

NODE = Sight(is_running=True, is_node=True, started_at_s=10.0, heard_at_s=20.0, starts=1, respawns=3)


def test_a_node_that_is_heard_is_fine_and_a_silent_one_is_killed() -> None:
    assert judge(NODE, 20.0 + HANG_S) is Verdict.FINE
    assert judge(NODE, 20.0 + HANG_S + 0.01) is Verdict.KILL


def test_a_node_has_time_to_start_and_the_heartbeat_of_its_former_life_does_not_count() -> None:
    for heard_at_s in (-inf, 9.0):
        young = replace(NODE, heard_at_s=heard_at_s)
        assert judge(young, 10.0 + START_LIMIT_S) is Verdict.FINE
        assert judge(young, 10.0 + START_LIMIT_S + 0.01) is Verdict.KILL
        assert not is_up(young, 10.0)


def test_a_dead_node_comes_back_three_times() -> None:
    lives = [judge(replace(NODE, is_running=False, starts=n), 20.0) for n in (1, 2, 3, 4)]
    assert lives == [Verdict.RESPAWN] * 3 + [Verdict.LOST]


def test_a_process_without_heartbeats_is_up_while_it_runs() -> None:
    simulator = Sight(
        is_running=True, is_node=False, started_at_s=10.0, heard_at_s=-inf, starts=1, respawns=0
    )
    assert judge(simulator, 1e6) is Verdict.FINE
    assert is_up(simulator, 1e6)
    assert judge(replace(simulator, is_running=False), 20.0) is Verdict.LOST


def test_a_node_is_up_when_it_was_heard_lately_in_this_life() -> None:
    assert is_up(NODE, 20.5)
    assert not is_up(NODE, 20.0 + HANG_S + 0.01)
    assert not is_up(replace(NODE, is_running=False), 20.5)


def test_a_node_needs_a_moment_to_settle_in_every_life() -> None:
    settling = Settling(2.0)
    assert not settling.is_settled("node", replace(NODE, heard_at_s=9.0), 20.0), "it is not up"
    assert not settling.is_settled("node", NODE, 20.0)
    assert not settling.is_settled("node", replace(NODE, heard_at_s=21.9), 21.9)
    assert settling.is_settled("node", replace(NODE, heard_at_s=22.0), 22.0)
    second = replace(NODE, starts=2, started_at_s=23.0, heard_at_s=24.0)
    assert not settling.is_settled("node", second, 24.0)
    assert settling.is_settled("node", replace(second, heard_at_s=26.0), 26.0)
    assert settling.is_settled("simulator", replace(NODE, is_node=False), 20.0), "nobody has to find it"
