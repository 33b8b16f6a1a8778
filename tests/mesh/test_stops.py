# SPDX-License-Identifier: Apache-2.0
"""Safety stops reach everybody at once, merge by maximum and are lifted by exact counters."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from mesh.radio import Air, CLUSTER, CONFIG, FIRST_ID, identity, line
import pytest
from swarm_coordination.bounds import COUNTER_MAX, LIFTED_MAX
from swarm_coordination.errors import ProposalRefused, UsageError
from swarm_coordination.mesh.rows import Frame, FrameHeader, INCARNATION_MAX, StopFlag
from swarm_coordination.mesh.stops import ANEW_MAX, ISSUERS_MAX, SKIPPED_MAX, StopRegister
from swarm_coordination.units import NS_PER_S

FLAGS = st.builds(StopFlag, st.integers(1, 5), st.integers(0, 9), st.integers(0, 3))


@pytest.mark.parametrize('seed', range(3))
def test_a_stop_reaches_the_end_of_a_line_within_a_fifth_second_and_a_tenth_per_hop(
    seed: int,
) -> None:
    air = Air(7, line, seed=seed)
    reached: dict[int, int] = {}

    def note(station: object, result: object) -> None:
        if result.stops:  # type: ignore[attr-defined]
            reached.setdefault(station.number, air.now)  # type: ignore[attr-defined]

    air.arrivals.append(note)
    air.run(1.0)
    raised = air.now
    station = air.stations[0]
    flag = station.mesh.raise_stop(2)
    air.wake(station)
    air.run(1.0)
    for hops in range(1, 7):
        assert (reached[hops] - raised) / NS_PER_S <= 0.2 + 0.1 * hops
        assert air.stations[hops].mesh.active_stops() == (flag,)


def test_a_stop_reaches_everybody_at_a_third_loss_and_those_who_start_later() -> None:
    air = Air(7, line, loss=0.3)
    air.run(1.0)
    air.stations[0].mesh.raise_stop(1)
    air.run(3.0)
    assert all(station.mesh.active_stops() for station in air.live())
    late = air.start(6, incarnation=2)
    air.run(0.5)
    assert late.mesh.active_stops() == air.stations[0].mesh.active_stops()


def test_a_stop_is_taken_from_a_frame_that_is_otherwise_refused() -> None:
    air = Air(2)
    air.run(0.5)
    frame = Frame(FrameHeader(CLUSTER, CONFIG + 1, identity(9), 1), (), (StopFlag(5, 1, 3),))
    data = air.codec(CONFIG + 1).encode(frame)
    assert air.inject(0, data).stops == (StopFlag(5, 1, 3),)
    # Again: nothing rises.
    assert air.inject(0, data).stops == ()


def test_lifting_names_counters_and_a_stop_raised_meanwhile_survives() -> None:
    register = StopRegister(1)
    first = register.raise_stop(2, 1)
    second = register.raise_stop(1, 1)
    register.lift([(1, first.counter)])
    assert register.active() == (second,)
    register.lift([(1, second.counter)])
    assert register.active() == ()
    assert not register.merge(second)  # an echo of the lifted one stops nobody
    assert register.raise_stop(1, 1).counter == second.counter + 1


def test_a_lower_stop_does_not_let_go_of_the_level_of_one_in_force() -> None:
    register = StopRegister(1)
    first = register.raise_stop(3, 1)
    second = register.raise_stop(1, 1)
    assert second == (1, first.counter + 1, 3) and register.active() == (second,)
    register.lift([second[:2]])
    assert register.raise_stop(1, 1).level == 1  # what was lifted is over
    assert register.raise_stop(2, 1).level == 2


def test_a_restart_does_not_let_go_of_a_level_either() -> None:
    register = StopRegister(1, [(1, 7, 3)])
    assert register.raise_stop(1, 0) == (1, 8, 3)
    other = StopRegister(2, [(1, 7, 3)])
    assert other.raise_stop(1, 1).level == 1  # another's level is its own affair


def test_a_lift_that_comes_before_its_stop_still_lifts_it() -> None:
    register = StopRegister(1)
    register.lift([(2, 4)])
    assert not register.merge(StopFlag(2, 4, 3))
    assert register.merge(StopFlag(2, 5, 3))
    assert register.active() == (StopFlag(2, 5, 3),)


def test_what_is_lifted_may_be_replaced_and_a_stop_comes_back_into_force() -> None:
    register = StopRegister(1)
    register.merge(StopFlag(2, 5, 2))
    register.lift([(2, 5), (3, 9)])
    register.lift_exactly([(3, 7)])
    assert register.active() == (StopFlag(2, 5, 2),)
    assert not register.merge(StopFlag(3, 7, 1)) and register.merge(StopFlag(3, 8, 1))


def test_an_own_stop_survives_a_replacement_by_counters_that_this_life_never_gave() -> None:
    register = StopRegister(1)
    first = register.raise_stop(2, 1)
    register.lift_exactly([(1, first.counter)])
    assert register.active() == () and register.take_anew() == ()
    second = register.raise_stop(2, 1)
    register.lift_exactly([(1, second.counter + 3)])
    assert register.active() == register.take_anew() == (StopFlag(1, second.counter + 4, 2),)


def test_stops_survive_a_restart() -> None:
    assert StopRegister(1, [(2, 3, 1), (1, 7, 2)]).raise_stop(1, 0).counter == 8
    assert StopRegister(1, [(2, 3, 1)]).active() == (StopFlag(2, 3, 1),)


def test_a_stop_after_a_crash_is_none_that_was_lifted_before() -> None:
    others = StopRegister(2)
    lost = StopRegister(1).raise_stop(3, 5)  # obeyed, and not yet on disk
    assert others.merge(lost)
    others.lift([(1, lost.counter)])
    again = StopRegister(1).raise_stop(3, 6)
    assert others.merge(again) and others.active() == (again,)


def test_a_stop_of_the_highest_incarnation_has_a_counter_that_a_frame_can_carry() -> None:
    for incarnation in (INCARNATION_MAX, COUNTER_MAX):
        register = StopRegister(1)
        assert register.raise_stop(1, incarnation).counter < COUNTER_MAX
        assert register.raise_stop(2, incarnation) in register.active()


@pytest.mark.parametrize('known', ['held', 'lifted'])
def test_a_robot_without_a_counter_left_says_that_it_cannot_stop(known: str) -> None:
    register = StopRegister(1, [(1, COUNTER_MAX, 1)] if known == 'held' else [])
    if known == 'lifted':
        register.lift([(1, COUNTER_MAX)])
    before = register.active()
    with pytest.raises(ProposalRefused, match='no counter left'):
        register.raise_stop(2, 1)
    assert register.active() == before


def test_an_own_stop_survives_a_lifting_of_counters_that_this_life_never_gave() -> None:
    register = StopRegister(1)
    mine = register.raise_stop(3, 1)
    register.lift([(1, mine.counter + 7), (2, 5)])
    (again,) = register.take_anew()
    assert again == (1, mine.counter + 8, 3) and register.active() == (again,)
    assert register.take_anew() == ()
    register.lift([(1, again.counter)])
    assert register.active() == register.take_anew() == ()


def test_an_own_stop_that_a_lifting_names_is_lifted_whatever_else_it_names() -> None:
    register = StopRegister(1)
    mine = register.raise_stop(3, 1)
    register.lift([(1, mine.counter + 7), (1, mine.counter)])
    assert register.active() == register.take_anew() == ()


def test_a_flag_of_another_life_does_not_take_the_place_of_an_own_stop() -> None:
    register = StopRegister(1)
    mine = register.raise_stop(1, 1)
    past = StopFlag(1, mine.counter + 100, 2)
    assert register.merge(past)
    (again,) = register.take_anew()
    assert register.active() == (again,) == (StopFlag(1, past.counter + 1, 2),)
    register.lift([past[:2]])
    assert register.active() == (again,)


def test_a_stop_restored_by_a_whole_disk_is_lifted_by_a_later_one_that_was_not_written() -> None:
    register = StopRegister(1, [(1, 10, 1)])
    register.lift([(1, 11)])
    assert register.active() == register.take_anew() == ()
    forgetful = StopRegister(1, [(1, 10, 1)], skipped=5)
    forgetful.lift([(1, 11)])
    assert forgetful.active() == forgetful.take_anew() == (StopFlag(1, 12, 1),)


def test_a_later_incarnation_raises_an_own_stop_in_force_anew_and_no_other() -> None:
    register = StopRegister(1, [(2, 3, 1)])
    register.outlive(4)
    assert register.take_anew() == ()
    mine = register.raise_stop(2, 1)
    assert mine.counter >> 20 == 4  # though the incarnation is not durable yet
    register.outlive(4)
    assert register.take_anew() == ()
    register.outlive(9)
    (again,) = register.take_anew()
    assert again.counter >> 20 == 9 and again.level == 2
    register.lift([again[:2]])
    register.outlive(12)
    assert register.take_anew() == () and register.active() == (StopFlag(2, 3, 1),)


def test_a_life_whose_disk_forgot_counts_from_elsewhere_within_its_incarnation() -> None:
    for skipped in (1, SKIPPED_MAX):
        counter = StopRegister(1, skipped=skipped).raise_stop(1, 5).counter
        assert counter == (5 << 20) + skipped + 1 < 6 << 20


def test_two_copies_of_a_disk_do_not_drive_each_other_up_for_ever() -> None:
    one, other = StopRegister(1), StopRegister(1)
    one.raise_stop(1, 1)
    other.raise_stop(1, 2)
    raised = 0
    for _ in range(100):
        for here, there in ((one, other), (other, one)):
            here.merge(there.active()[0])
            raised += len(here.take_anew())
    assert raised <= 2 * ANEW_MAX
    assert one.active() == other.active() != ()


def test_a_stop_that_nobody_raised_stops_nobody() -> None:
    register = StopRegister(1, [(0, 1, 1)])
    assert not register.merge(StopFlag(0, 1, 3)) and register.active() == ()


def test_an_undefined_level_is_misuse() -> None:
    with pytest.raises(UsageError):
        Air(1).stations[0].mesh.raise_stop(0)


@given(st.lists(FLAGS, max_size=12), st.randoms())
def test_the_order_in_which_flags_arrive_does_not_matter(flags: list, rng: object) -> None:
    shuffled = list(flags)
    rng.shuffle(shuffled)  # type: ignore[attr-defined]
    registers = [StopRegister(0), StopRegister(0)]
    for register, order in zip(registers, (flags, shuffled)):
        for flag in order + order:
            register.merge(flag)
    assert registers[0].active() == registers[1].active()


def test_the_register_is_bounded_and_keeps_what_it_has() -> None:
    register = StopRegister(0)
    for issuer in range(1, ISSUERS_MAX + 50):
        register.merge(StopFlag(issuer, 1, 1))
    assert len(register.active()) == ISSUERS_MAX
    assert register.active()[0].issuer == 1


def test_lifted_stops_give_way_in_a_full_register_and_are_not_forgotten() -> None:
    register = StopRegister(0)
    for issuer in range(1, ISSUERS_MAX + 1):
        assert register.merge(StopFlag(issuer, 1, 1))
    assert not register.merge(StopFlag(1_000, 1, 1))  # every one is in force
    register.lift([(7, 1), (9, 1)])
    assert register.merge(StopFlag(1_000, 1, 1))
    assert register.merge(StopFlag(1_001, 1, 1))
    assert not register.merge(StopFlag(1_002, 1, 1))
    assert len(register.active()) == ISSUERS_MAX
    register.lift([(3, 1)])
    assert not register.merge(StopFlag(7, 1, 1))  # an echo of the lifted one stops nobody
    assert register.highest(7) == 1
    assert register.merge(StopFlag(7, 2, 1))


def test_as_many_issuers_stop_one_after_the_other_as_may_be_lifted() -> None:
    register = StopRegister(0)
    for issuer in range(1, LIFTED_MAX + 1):
        assert register.merge(StopFlag(issuer, 1, 1))
        register.lift([(issuer, 1)])
    assert register.active() == ()
    assert register.merge(StopFlag(10_000, 1, 1))
    # A start knows of none that it is lifted: the last is still among them.
    restored = [(issuer, 1, 1) for issuer in (*range(1, LIFTED_MAX + 1), 10_000)]
    again = StopRegister(0, restored)
    again.lift([(issuer, 1) for issuer in range(1, LIFTED_MAX + 1)])
    assert again.active() == (StopFlag(10_000, 1, 1),)


def test_many_stops_do_not_crowd_the_beacon_out_and_all_get_through() -> None:
    air = Air(2)
    air.run(0.5)
    for issuer in range(40):
        flag = StopFlag(FIRST_ID + 100 + issuer, 1, 1)
        frame = Frame(FrameHeader(CLUSTER, CONFIG, identity(9), issuer), (), (flag,))
        air.inject(0, air.codec(CONFIG).encode(frame))
    before = max(air.stations[0].made_ns)
    air.run(1.0)
    assert max(air.stations[0].made_ns) >= before + 19
    assert len(air.stations[1].mesh.active_stops()) == 40
