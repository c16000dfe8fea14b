"""The tape: what is due when, and how it answers to pause, seek, rate and loop."""

from itertools import pairwise

import pytest

from skillkit.bags import BagWriter, open_bag
from skillkit.bags.playback import Playback
from skillkit.bags.schemas import FLOAT64
from skillkit.exceptions import InvalidValue, UnknownName


@pytest.fixture
def bag(tmp_path):
    with BagWriter(tmp_path / "bag.mcap") as writer:
        for i in range(100):
            writer.write("/a", FLOAT64, {"data": float(i)}, 5.0 + 0.1 * i)
            writer.write("/b", FLOAT64, {"data": float(i)}, 5.0 + 0.1 * i)
    with open_bag(tmp_path / "bag.mcap") as opened:
        yield opened


def played(tape, seconds, delay=0.0):
    """Times and stamps of what is given out to a player that takes ``delay`` [s] for each message."""
    now, found = 100.0, []
    while now < 100.0 + seconds and not tape.ended:
        due = tape.due(now)
        if due is None:
            break
        now = max(now, due)
        if now < 100.0 + seconds:
            found.append((round(now - 100.0, 6), round(tape.take(now).stamp / 1e9, 6)))
            now += delay
    return found


def test_every_message_comes_once_at_its_time(bag):
    found = played(Playback(bag, ["/a"]), 60.0)
    assert found == [(pytest.approx(0.1 * i), pytest.approx(5.0 + 0.1 * i)) for i in range(100)]


def test_twice_the_rate_takes_half_the_time(bag):
    assert played(Playback(bag, ["/a"], rate=2.0), 60.0)[-1][0] == pytest.approx(9.9 / 2)


def test_start_counts_from_the_beginning_of_the_bag(bag):
    assert played(Playback(bag, ["/a"], start=3.0), 1.0)[0] == (0.0, pytest.approx(8.0))


def test_a_loop_comes_round(bag):
    stamps = [stamp for _, stamp in played(Playback(bag, ["/a"], loop=(1.0, 1.4)), 3.0)]
    assert stamps[:7] == pytest.approx([6.0, 6.1, 6.2, 6.3, 6.4, 6.0, 6.1])
    assert len(stamps) > 25


def test_while_paused_only_steps_come(bag):
    tape = Playback(bag, ["/a"])
    tape.paused = True
    assert tape.due(1.0) is None
    tape.step(2)
    assert len(played(tape, 10.0)) == 2
    tape.paused = False
    assert played(tape, 0.15)[0][1] == pytest.approx(5.2)


def test_seeking_goes_forwards_and_back(bag):
    tape = Playback(bag, ["/a"])
    played(tape, 1.0)
    tape.seek(9.0)
    assert played(tape, 0.05)[0][1] == pytest.approx(14.0)
    tape.seek(0.5)
    assert played(tape, 0.05)[0][1] == pytest.approx(5.5)


def test_a_slow_consumer_slows_the_whole_tape_and_loses_nothing(bag):
    found = played(Playback(bag, ["/a"]), 100.0, delay=0.3)
    assert [stamp for _, stamp in found] == pytest.approx([5.0 + 0.1 * i for i in range(100)])
    gaps = [b[0] - a[0] for a, b in pairwise(found)]
    assert min(gaps) >= 0.3 - 1e-6
    assert max(gaps) <= 0.45


def test_what_makes_no_sense_is_refused(bag):
    with pytest.raises(UnknownName, match="/a"):
        Playback(bag, ["/nothing"])
    with pytest.raises(InvalidValue):
        Playback(bag, rate=0.0)
    with pytest.raises(InvalidValue):
        Playback(bag, loop=(2.0, 1.0))


def stepped(tape):
    """What is given out before the paused tape stands still again: topic and tenth of a second from the beginning."""
    found = []
    while tape.due(0.0) is not None:
        record = tape.take(0.0)
        found.append((record.topic, round(10 * (record.stamp / 1e9 - 5.0))))
    return found


def test_a_paused_tape_steps_by_messages_there_and_back(bag):
    tape = Playback(bag)
    tape.paused = True
    tape.step(6)
    assert stepped(tape) == [(topic, i) for i in range(3) for topic in ("/a", "/b")]
    tape.step(-1)
    assert stepped(tape) == [("/a", 2)]
    tape.step(-2)
    assert stepped(tape) == [("/a", 1)]
    tape.step(2)
    assert stepped(tape) == [("/b", 1), ("/a", 2)]
    tape.step(-40)
    assert stepped(tape) == [("/a", 0)]
    tape.step()
    assert stepped(tape) == [("/b", 0)]


def test_a_paused_tape_steps_by_time_there_and_back(bag):
    tape = Playback(bag, ["/a"], start=3.0)
    tape.paused = True
    tape.step(0.35, "s")
    assert [i for _, i in stepped(tape)] == [30, 31, 32, 33]
    tape.step(-0.2, "s")
    assert [i for _, i in stepped(tape)] == [31]
    with pytest.raises(InvalidValue, match="messages, ticks, s"):
        tape.step(1, "miles")


def test_a_paused_tape_steps_by_ticks_of_the_runtime_there_and_back(run_bag):
    with open_bag(run_bag) as opened:
        tape = Playback(opened)
        tape.paused = True
        at_once = [sum(1 for _ in opened.raw_messages(start=0.01 * tick, end=0.01 * tick)) for tick in range(3)]
        tape.step(0.0, "s")
        assert len(stepped(tape)) == at_once[0]
        tape.step(2, "ticks")
        assert len(stepped(tape)) == at_once[1] + at_once[2]
        tape.step(-1, "ticks")
        assert len(stepped(tape)) == at_once[1]
        assert tape.position == pytest.approx(0.01)
