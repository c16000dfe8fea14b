"""The expression language: what it means, and what it says when it is wrong."""

from __future__ import annotations

from math import isnan, nan, pi

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skillkit.expressions import FUNCTIONS, ExpressionError, parse
from skillkit.option import Parameter, Situation
from skillkit.pose import Pose
from skillkit.spaces import ArmState, ObjectState, Observation

PARAMETERS = {
    "object": Parameter("object", "object"), "side": Parameter("side", "word"), "sure": Parameter("sure", "boolean"), "n": Parameter("n", "integer"),
    "clearance": Parameter("clearance", "number", "m"), "turn": Parameter("turn", "number", "rad"), "share": Parameter("share", "number"),
}  # fmt: skip
VALUES = {"object": "cup", "side": "left", "sure": True, "n": 3, "clearance": 0.1, "turn": 0.5, "share": 0.25}


def thing(
    position: tuple[float, float, float],
    size: tuple[float, float, float] = (0.08, 0.08, 0.1),
    rotation: tuple[float, float, float] = (0, 0, 0),
    speed: float = 0.0,
) -> ObjectState:
    return ObjectState(Pose.from_vector(position, rotation), np.array(size), 0.3, speed)


def situation(
    tool: tuple[float, float, float] = (0.5, 0.0, 0.3), opening: float = 0.08, closure: float = 0.0, joint_speed: float = 0.0, **objects: ObjectState
) -> Situation:
    pose, base = Pose.from_vector(tool), Pose.from_vector()
    arm = ArmState(
        np.zeros(7), np.full(7, joint_speed), pose, pose, base, opening, 0.08, closure, 0.0, 0.0, np.zeros(6), np.array([3.0, 0.0, 4.0, 0.0, 0.0, 0.0])
    )
    scene = {"cup": thing((0.5, 0.0, 0.06)), "tray": thing((0.5, 0.0, 0.0), (0.3, 0.2, 0.02)), "far": thing((9.0, 0.0, 0.0)), **objects}
    signals = {"button": 0.5, "cup_fill": 1.0}
    return Situation(Observation(0.0, {"panda": arm}, scene, signals), {"arm": "panda"}, VALUES, 1.5)


HERE = situation()

MEANINGS = [
    ("distance(tool, cup) == 24 cm or distance(tool, cup) < 0.2400001 m", True),
    ("distance(tool, $object) > 23.9 cm", True),
    ("horizontal_distance(tool, cup) < 1 mm", True),
    ("height(cup) > 5.9 cm and height(cup) < 61 mm", True),
    ("angle(cup, tray) < 1 deg", True),
    ("above(cup, tray)", True),
    ("force(tool) > 4.9 N and force(tool) < 5.1 N", True),
    ("above(tray, cup)", False),
    ("on(cup, tray)", True),
    ("on(tray, cup)", False),
    ("on(cup, far)", False),
    ("not on(cup, far)", True),
    ("upright(cup)", True),
    ("still(cup) and at_rest() and gripper_open() and not holding()", True),
    ("age(cup) > 0.2 s and age(tray) < 400 ms", True),
    ("signal(button) == 50 %", True),
    ("pressed(button)", False),
    ("full($object)", True),
    ("elapsed() > 1 s and elapsed() <= 1500 ms", True),
    ("exists(cup) and not exists(ghost)", True),
    ("reachable(cup)", True),
    ("reachable(cup, within=40 cm)", False),
    ("reachable(cup, 1 m)", True),
    ("$side == left and $side != right", True),
    ("$sure", True),
    ("$n > 2 and $n < 4", True),
    ("$share < 30 %", True),
    ("distance(tool, cup) < 2 * $clearance + 5 cm", True),
    ("$turn > 28 deg and $turn < 29 deg", True),
    ("speed(cup) * 2 s < 1 mm and 1 m / 2 s > 0.4 m/s", True),
    ("-1 m < 0 and 0 < 1 m", True),
    ("true or false and false", True),
    ("(true or false) and false", False),
    ("not true or true", True),
    ("not (true or true)", False),
    ("not not true", True),
    ("1 - 2 - 3 == -4", True),
    ("8 / 4 / 2 == 1", True),
    ("2 + 3 * 4 == 14", True),
]


@pytest.mark.parametrize(("text", "truth"), MEANINGS)
def test_an_expression_means_what_it_says(text: str, truth: bool) -> None:
    assert parse(text, PARAMETERS).truth(HERE) is truth


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [("distance(tool, cup)", "length", 0.24), ("tilt(cup)", "angle", 0.0), ("elapsed()", "time", 1.5),
     ("signal(button)", "number", 0.5), ("speed(cup)", "speed", 0.0),
     ("3 N", "force", 3.0), ("90 deg", "angle", pi / 2),
     ("height(cup) / 2 s", "speed", 0.03), ("height(cup) / height(cup)", "number", 1.0), ("0", "number", 0.0)],
)  # fmt: skip
def test_a_quantity_has_its_unit_and_value(text: str, dimension: str, value: float) -> None:
    found = parse(text)
    assert found.dimension == dimension
    assert found.value(HERE) == pytest.approx(value)


WRONG = [  # text, column, part of message or hint
    ("distance(tool, cup) < 3", 23, "write 3 m"),
    ("3 < distance(tool, cup)", 1, "write 3 m"),
    ("distanc(tool, cup) < 3 m", 1, "did you mean 'distance'"),
    ("distance(tool, cup) < 3 kg", 25, "unknown unit 'kg'"),
    ("distance(tool) < 3 m", 1, "lacks 'b'"),
    ("distance(tool, cup, tray) < 3 m", 21, "takes 2 arguments"),
    ("upright(cup, max=5)", 18, "write 5 rad"),
    ("upright(cup, mux=5 deg)", 14, "did you mean 'max'"),
    ("upright(cup, max=5 deg, max=6 deg)", 25, "given twice"),
    ("grasped(tool)", 9, "not the tool"),
    ("grasped($clearance)", 9, "a name"),
    ("grasped($objct)", 9, "did you mean 'object'"),
    ("cup", 1, "only a name"),
    ("1 < 2 < 3", 7, "'and' between"),
    ("signal(button) = 1", 16, "'=='"),
    ("on(cup, tray) and height(cup)", 19, "compare it"),
    ("not height(cup)", 5, "condition"),
    ("elapsed() > height(cup)", 13, "a time"),
    ("on(cup, tray) < on(tray, cup)", 15, "compares quantities"),
    ("height(cup) + elapsed() > 1 s", 15, "'+' joins"),
    ("height(cup) * height(cup) > 1 m", 13, "not a quantity"),
    ("true + 1", 1, "takes quantities"),
    ("on(cup, tray", 13, "expected ','"),
    ("(true", 6, "to close the '(' at column 1"),
    ("", 1, "expected"),
    ("true and", 9, "expected"),
    ("true & false", 6, "unexpected character '&'"),
    ("1e999 > 1", 1, "too large"),
    ("(" * 60 + "true" + ")" * 60, 41, "nested deeper"),
    ("1" + " + 1" * 300 + " > 2", 801, "more than"),
]


@pytest.mark.parametrize(("text", "column", "says"), WRONG, ids=lambda value: str(value)[:40])
def test_a_wrong_expression_is_told_with_its_column_and_the_fix(text: str, column: int, says: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse(text, PARAMETERS)
    assert caught.value.column == column
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "text", ["on(ghost, tray)", "not on(ghost, tray)", "distance(tool, ghost) < 1 m", "distance(tool, ghost) > 1 m", "signal(ghost) > 0", "not pressed(ghost)"]
)
def test_what_is_about_something_unseen_is_neither_true_nor_its_negation(text: str) -> None:
    found = parse(text)
    assert found.truth(HERE) is False
    assert "'ghost' is not seen" in found.explain(HERE)


def test_unknown_terms_follow_kleenes_logic() -> None:
    assert parse("on(ghost, tray) or exists(cup)").truth(HERE) is True
    assert parse("not (on(ghost, tray) and exists(ghost))").truth(HERE) is True
    assert parse("on(ghost, tray) and exists(cup)").truth(HERE) is False
    assert parse("not (on(ghost, tray) or exists(ghost))").truth(HERE) is False
    assert isnan(parse("height(ghost)").value(HERE))


def test_a_missing_arm_parameter_or_number_is_unknown_and_never_raises() -> None:
    empty = Situation(Observation(0.0, {}, {}, {}), {"arm": "panda"}, {})
    for text in ("gripper_open()", "$clearance > 1 cm", "grasped($object)", "distance(tool, $object) < 1 m", "1 m / 0 s > 0"):
        found = parse(text, PARAMETERS)
        assert found.truth(empty) is False
        assert found.explain(empty)
    lost = situation(cup=thing((nan, 0.0, 0.0), speed=nan))
    assert parse("still(cup)").truth(lost) is False
    assert parse("not still(cup)").truth(lost) is False
    assert parse("distance(tool, cup) < 1 m").truth(lost) is False


@pytest.mark.parametrize(
    ("text", "why"),
    [("distance(tool, $object) < 15 cm", "distance(tool, cup) = 0.24 m, not < 0.15 m"),
     ("exists(cup) and on(cup, far) and upright(cup)", "not on(cup, far): gap between cup and the top of far is -0.04 m, below -0.02 m"),
     ("grasped(cup)", "not grasped(cup): closure of the gripper is 0, below 0.5"),
     ("pressed(button)", "not pressed(button): signal button is 0.5, below 0.8"),
     ("not upright(cup)", "upright(cup) holds"),
     ("exists(ghost) or pressed(button)", "not exists(ghost): objects called ghost is 0, below 1; not pressed(button): signal button is 0.5, below 0.8")],
)  # fmt: skip
def test_an_expression_explains_which_part_is_why(text: str, why: str) -> None:
    assert parse(text, PARAMETERS).explain(HERE) == why


def test_grasped_needs_a_closed_gripper_held_apart_by_the_object_between_its_fingers() -> None:
    grasped = parse("grasped(cup)")
    assert grasped.truth(situation(tool=(0.5, 0.0, 0.08), opening=0.07, closure=1.0))
    assert not grasped.truth(situation(tool=(0.5, 0.0, 0.08), opening=0.07, closure=0.0))
    assert not grasped.truth(situation(tool=(0.5, 0.0, 0.08), opening=0.0, closure=1.0))
    assert not grasped.truth(situation(tool=(0.5, 0.0, 0.08), opening=0.1, closure=1.0)), "fingers that are stuck open hold nothing"
    assert not grasped.truth(situation(tool=(0.5, 0.0, 0.08), opening=0.05, closure=1.0))
    assert not grasped.truth(situation(tool=(0.5, 0.1, 0.08), opening=0.07, closure=1.0))


def test_on_needs_touch_footprint_and_rest() -> None:
    on = parse("on(cup, tray)")
    assert not on.truth(situation(cup=thing((0.5, 0.0, 0.09))))
    assert not on.truth(situation(cup=thing((0.5, 0.11, 0.06))))
    assert on.truth(situation(cup=thing((0.5, 0.09, 0.06))))
    assert not on.truth(situation(cup=thing((0.5, 0.0, 0.06), speed=0.05)))


def test_opened_is_the_angle_between_handle_and_cabinet() -> None:
    scene = situation(handle=thing((0, 0, 0), rotation=(0, 0, 1.2)), cabinet=thing((0, 0, 0)))
    assert parse("opened(handle, cabinet)").truth(scene)
    assert not parse("opened(handle, cabinet, at_least=70 deg)").truth(scene)


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-3.1, 3.1))
def test_moving_and_turning_the_whole_scene_changes_no_relation(x: float, y: float, yaw: float) -> None:
    move = Pose.from_vector((x, y, 0.0), (0.0, 0.0, yaw))
    scene = situation(handle=thing((0.2, 0.3, 0.4), rotation=(0, 0, 0.7)))
    moved = {name: ObjectState(move @ state.pose, state.size, state.age, state.speed) for name, state in scene.observation.objects.items()}
    for text in ("distance(cup, far)", "angle(handle, cup)", "height(cup)", "tilt(handle)", "horizontal_distance(cup, handle)"):
        there = Situation(Observation(0.0, scene.observation.arms, moved, {}), scene.roles, VALUES)
        assert parse(text).value(there) == pytest.approx(parse(text).value(scene), abs=1e-9)


@given(st.text(alphabet="ab $().,<>=!+-*/%_019 \n\tandortm", max_size=40) | st.text(max_size=20))
def test_any_text_is_either_an_expression_or_an_error_with_a_column(text: str) -> None:
    column, found = 1, None
    try:
        found = parse(text, PARAMETERS)
    except ExpressionError as error:
        column = error.column
    assert 1 <= column <= len(text) + 1
    assert found is None or (isinstance(found.truth(HERE), bool) and found.explain(HERE))


def test_names_and_parameters_are_listed() -> None:
    found = parse("on($object, tray) and distance(tool, cup) < $clearance and full(cup) and $object != bowl", PARAMETERS)
    assert found.parameters == ("object", "clearance")
    assert found.objects == ("tray", "cup", "bowl")
    assert [part.text for part in found.conjuncts] == ["on($object, tray)", "distance(tool, cup) < $clearance", "full(cup)", "$object != bowl"]


def test_every_function_is_described_and_stands_in_the_table_of_meanings() -> None:
    tested = " ".join(text for text, _ in MEANINGS) + "grasped( inside( tilt( opened( is_a( part_of("
    for name, function in FUNCTIONS.items():
        assert function.description.endswith(".")
        assert function.signature.startswith(f"{name}(")
        assert f"{name}(" in tested


def test_inside_is_the_box_grown_by_a_centimetre() -> None:
    assert parse("inside(cup, box)").truth(situation(box=thing((0.5, 0.0, 0.06), (0.2, 0.2, 0.2))))
    assert parse("inside(cup, box)").truth(situation(box=thing((0.395, 0.0, 0.06), (0.2, 0.2, 0.2))))
    assert not parse("inside(cup, box)").truth(situation(box=thing((0.385, 0.0, 0.06), (0.2, 0.2, 0.2))))
