import re
from html.parser import HTMLParser

import pytest

from skillkit.bags import BagWriter, fingerprint, open_bag, summary, timeline, timeline_html
from skillkit.bags.fingerprint import platform_differences


@pytest.fixture(scope="module")
def whole(run_bag):
    with open_bag(run_bag) as bag:
        return summary(bag)


def test_the_summary_says_what_ran_and_how_it_ended(whole):
    assert [(run.label, run.skill, run.outcome, run.depth, run.leaf) for run in whole.runs] == [
        ("coffee", "prepare_coffee", "FAILED", 0, False),
        ("open_cabinet", "open_door", "SUCCEEDED", 1, True),
        ("grasp_cup", "grasp", "FAILED", 1, True),
    ]
    assert (whole.task, whole.robot, whole.seed) == ("prepare_coffee", "panda", "7")
    assert (whole.outcome, whole.reason) == ("FAILED", "grasp_cup: the cup slipped")
    assert (whole.steps, whole.missing_steps, whole.decisions, whole.policy_steps) == (100, 0, 2, 20)
    assert whole.duration == pytest.approx(0.99)
    assert whole.topics["/skillkit/step"] == 100
    assert whole.versions == {"numpy": "2.0"}
    assert whole.limited == 100
    assert whole.unsafe == 0


def test_a_gap_in_the_steps_is_counted(tmp_path, run):
    with BagWriter(tmp_path / "run.mcap") as writer:
        for tick in (0, 1, 2, 5, 6, 9):
            writer.write_step(run.step(tick), run.result(tick))
    with open_bag(tmp_path / "run.mcap") as bag:
        assert summary(bag).missing_steps == 4


def test_the_timeline_draws_each_run_where_it_was(whole):
    lines = timeline(whole, width=40).splitlines()
    bars = {line.split()[0]: re.search(r"│(.*)│", line)[1] for line in lines if "│" in line}
    assert all(len(bar) == 40 for bar in bars.values())
    assert bars["open_cabinet"].startswith("█" * 19)
    assert bars["grasp_cup"].startswith(" " * 20 + "█")
    assert "the cup slipped" in timeline(whole)


def test_a_run_that_ends_with_the_bag_is_shown_as_running(tmp_path, run):
    with BagWriter(tmp_path / "run.mcap") as writer:
        run.write(writer, ticks=60)
    with open_bag(tmp_path / "run.mcap") as bag:
        found = summary(bag)
    assert [(row.label, row.outcome) for row in found.runs] == [("coffee", ""), ("open_cabinet", "SUCCEEDED"), ("grasp_cup", "")]
    assert "RUNNING" in timeline(found)


class Page(HTMLParser):
    """Collects what a page would fetch, and whether its tags close."""

    VOID = ("meta", "img", "br", "line", "rect", "polyline", "link", "input")

    def __init__(self, text):
        super().__init__()
        self.links, self.open, self.tags = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.links += [value for name, value in attributes if name in ("src", "href", "xlink:href", "action", "data")]
        self.tags.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_is_well_formed_and_asks_nobody(whole):
    page = Page(timeline_html(whole, b"\x89PNG"))
    assert page.open == []
    assert page.tags.count("rect") == len(whole.runs)
    assert page.links == ["data:image/png;base64,iVBORw=="]
    assert "url(" not in timeline_html(whole)
    assert "@import" not in timeline_html(whole)


def test_words_from_a_bag_cannot_become_markup(tmp_path, run):
    result = run.result(50)
    result["transitions"][0].update(path="<script>alert(1)</script>", reason="<img src=x>", outcome="<b>")
    with BagWriter(tmp_path / "run.mcap") as writer:
        writer.metadata("run", {"task": "<script>", "robot": "'\"><script>"})
        writer.write_step(run.step(50), result)
    with open_bag(tmp_path / "run.mcap") as bag:
        page = Page(timeline_html(summary(bag)))
    assert "script" not in page.tags
    assert "img" not in page.tags


def test_the_fingerprint_is_stable_and_made_of_words():
    first = dict(fingerprint())
    fingerprint.cache_clear()
    assert fingerprint() == first
    assert all(isinstance(value, str) for value in first.values())
    assert first["version_numpy"]
    assert platform_differences(first) == {}


def test_another_platform_differs_by_name():
    other = {**fingerprint(), "processor": "abacus"}
    del other["version_numpy"]
    assert platform_differences(other).keys() == {"processor", "version_numpy"}
    assert platform_differences(other)["processor"][0] == "abacus"
