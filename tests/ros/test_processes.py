"""Which processes make a system; nothing is started here."""

from __future__ import annotations

import json
import re
import sys

import pytest
import yaml

from skillkit.exceptions import InvalidValue
from skillkit.ros.processes import Process, Setup, bringup


def parameters(process: Process) -> dict[str, object]:
    """The parameters as ROS 2 reads them from the command line: each value is YAML."""
    words = process.command()
    given = [words[index + 1] for index, word in enumerate(words) if word == "-p"]
    return {name: yaml.safe_load(value) for name, value in (re.split(":=", text, maxsplit=1) for text in given)}


def test_a_simulated_setup_has_simulator_recorder_and_runtime_in_this_order() -> None:
    assert [process.name for process in bringup(Setup(robot="panda", bag="run.mcap"))] == ["simulator", "recorder", "runtime"]


def test_real_arms_need_no_simulator_and_no_bag_needs_no_recorder() -> None:
    assert [process.name for process in bringup(Setup(robot="panda", scene=""))] == ["runtime"]


def test_every_value_reaches_its_node_unchanged() -> None:
    setup = Setup(
        robot="panda",
        seed=7,
        options={"shift": "0.3,-0.2,0.5", "locked": "true"},
        use={"grasp": "/tmp/my grasp"},
        tasks=("a", "b.yaml"),
        details={"note": 'a "b": c'},
    )
    simulator, runtime = (parameters(process) for process in bringup(setup))
    assert simulator == {
        "robot": "panda",
        "scene": "coffee",
        "seed": 7,
        "options": "shift=0.3,-0.2,0.5;locked=true",
        "picture": "",
        "task": "",
        "parameters": "{}",
    }
    assert (runtime["shift"], runtime["use"], runtime["tasks"]) == ("0.3,-0.2,0.5", "grasp=/tmp/my grasp", "a,b.yaml")
    assert json.loads(str(runtime["details"])) == {"seed": 7, "note": 'a "b": c'}


def test_the_simulator_is_told_whose_judge_to_ask() -> None:
    run = {"task": "t", "parameters": {"to": "tray"}}
    for setup in (Setup(robot="panda", tasks=("a/t.yaml",), details=run), Setup(robot="panda", tasks=("a", "b"), details=run)):
        told = parameters(bringup(setup)[0])
        assert (told["task"], told["parameters"]) == ("a/t.yaml" if len(setup.tasks) == 1 else "t", '{"to": "tray"}')


def test_processes_run_in_the_python_at_hand_and_in_their_namespace() -> None:
    for process in bringup(Setup(robot="panda", namespace="left")):
        words = process.command()
        assert words[:3] == [sys.executable, "-m", process.module]
        assert "__ns:=/left" in words


@pytest.mark.parametrize("setup", [Setup(), Setup(robot="panda", cell="pair"), Setup(robot="panda", on_lost="perhaps")])
def test_a_setup_that_contradicts_itself_is_refused(setup: Setup) -> None:
    with pytest.raises(InvalidValue):
        bringup(setup)
