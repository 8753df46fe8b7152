"""What a line could carry: from bytes, format and gaps, against figures worked out by hand."""

import pytest

from bench.line_theory import CHAR_S, Exchange, Manners, manners_of, rate_1_s, shortest_s

QUICK, SLOW = Manners(gap_s=0.0, delay_s=0.001), Manners(gap_s=0.010, delay_s=0.002)


def test_one_exchange_is_its_characters_and_the_delay_of_its_drive() -> None:
    # 20 characters of 11 bits at 115200 baud are 1.9097 ms
    assert shortest_s([Exchange(1, 8, 12)], {1: QUICK}) == pytest.approx(0.0029097, abs=1e-7)


def test_a_gap_is_kept_on_both_sides_of_its_drive_and_nowhere_else() -> None:
    quick, slow = Exchange(1, 8, 12), Exchange(2, 8, 12)
    manners = {1: QUICK, 2: SLOW}
    alone_s = {e.unit: shortest_s([e], manners) for e in (quick, slow)}
    gaps_s = shortest_s([quick, quick, slow, quick], manners) - 3 * alone_s[1] - alone_s[2]
    assert gaps_s == pytest.approx(0.00175 + 0.010 + 0.010)


def test_a_rate_counts_the_silence_between_the_last_and_the_first() -> None:
    quick, slow = Exchange(1, 8, 12), Exchange(2, 8, 12)
    round_s = 40 * CHAR_S + 0.001 + 0.002 + 2 * 0.010
    assert rate_1_s([quick, slow], {1: QUICK, 2: SLOW}) == pytest.approx(2 / round_s)
    assert rate_1_s([quick], {1: QUICK}) == pytest.approx(1 / (20 * CHAR_S + 0.001 + 0.00175))


def test_no_exchange_has_no_rate() -> None:
    with pytest.raises(ValueError, match="no exchanges"):
        rate_1_s([], {})


def test_the_manners_are_those_of_the_profile() -> None:
    assert manners_of("delta_c2000") == Manners(gap_s=0.002, delay_s=0.002)
