"""The rooms of the house: imports point down only, heavy libraries have one home each, the core reads no clock and no chance."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "skillkit"

LAYER = {
    **dict.fromkeys(("spaces", "exceptions", "pose", "frames", "documents", "share", "aim"), 0),
    **dict.fromkeys(("option", "urdf", "embodiment", "braking", "braking_tail", "compiled", "descriptor", "cell", "hardware"), 1),
    **dict.fromkeys(("directives", "draws", "events", "execution", "surroundings", "robot_description"), 1),
    **dict.fromkeys(("expressions", "termination", "protocols", "safeguard"), 1),
    **dict.fromkeys(("runtime", "library", "skill", "skill_file", "skill_schema", "declarations", "records"), 2),
    **dict.fromkeys(("arm", "perception", "carried", "teleop", "wrench"), 2),
    **dict.fromkeys(("trees", "kinematics", "safety", "policies", "planning", "bags", "sim", "learn", "ros.conversions"), 3),
    "assembly": 4,
    **dict.fromkeys(("cli", "testing", "demos", "ros", "__main__"), 5),
}
ROOMS_APART = 3  # rooms of this layer never import each other

HOME = {
    "rclpy": {"ros"},
    "pinocchio": {"kinematics"},
    "coal": {"kinematics"},
    "eigenpy": {"kinematics"},
    "daqp": {"kinematics"},
    "numba": {"compiled"},
    "py_trees": {"trees"},
    "mcap": {"bags"},
    "mcap_ros2": {"bags"},
    "rosbags": {"bags"},
    "mujoco": {"sim"},
    "metaworld": {"sim"},
    "torch": {"learn", "policies"},
    "torchjd": {"learn"},
    "onnx": {"learn"},
    "onnxruntime": {"policies"},
    "pyarrow": {"learn"},
    "safetensors": {"learn"},
    "unified_planning": {"planning"},
}
CORE = {room for room, layer in LAYER.items() if layer <= 2} | {"trees", "kinematics", "safety", "policies"}
CLOCKS_AND_CHANCE = {"time", "random", "datetime", "secrets", "uuid"}
CLOCK_READERS_OF_PY_TREES = {"Timer", "Timeout", "TickCounter", "ProbabilisticBehaviour", "Probabilistic"}


# ---- reading the code ----------------------------------------------------------------------------------------------------------------


@cache
def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name without ``skillkit.``; the package itself is ``""``."""
    found = {}
    for path in sorted(PACKAGE.rglob("*.py")):
        parts = path.relative_to(PACKAGE).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(module: str) -> ast.Module:
    return ast.parse(modules()[module].read_text(encoding="utf-8"))


def room(module: str) -> str:
    """The room a module belongs to: the longest entry of the table that it is in."""
    fitting = [name for name in LAYER if module == name or module.startswith(f"{name}.")]
    return max(fitting, key=len) if fitting else module


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Every node that exists at run time: function bodies too, blocks for type checkers only not."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test):
            for other in child.orelse:
                yield other
                yield from statements(other)
            continue
        yield child
        yield from statements(child)


def imports(module: str, root: ast.AST | None = None) -> Iterator[str]:
    """Absolute dotted names that a module imports; ``from a import b`` gives ``a.b``."""
    is_package = modules()[module].name == "__init__.py"
    here = ["skillkit", *(module.split(".") if module else [])]
    for node in statements(root or tree(module)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = here if is_package else here[:-1]
            base = above[: len(above) - node.level + 1] if node.level else []
            yield from (".".join([*base, *([node.module] if node.module else []), alias.name]) for alias in node.names)


def own(name: str) -> str | None:
    """The module of ours that an imported name lies in; ``None`` where it is not ours."""
    if name.split(".")[0] != "skillkit":
        return None
    parts = name.split(".")[1:]
    while parts and ".".join(parts) not in modules():
        parts.pop()
    return ".".join(parts)


MODULES = [name for name in modules() if name]


# ---- the table -----------------------------------------------------------------------------------------------------------------------


def test_every_room_has_its_layer() -> None:
    assert sorted({name.split(".")[0] for name in MODULES} - set(LAYER)) == [], "name the new room in the table above, and in docs/architecture.md"


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down_only(module: str) -> None:
    above = []
    for name in imports(module):
        target = own(name)
        if not target or room(target) == room(module):
            continue
        here, there = LAYER[room(module)], LAYER[room(target)]
        if there > here or there == here == ROOMS_APART:
            above.append(f"{module} (layer {here}) imports {target} (layer {there})")
    assert above == []


@pytest.mark.parametrize("module", MODULES)
def test_a_heavy_library_is_imported_in_its_own_room_only(module: str) -> None:
    strangers = {name.split(".")[0] for name in imports(module)} & set(HOME)
    assert sorted(name for name in strangers if room(module).split(".")[0] not in HOME[name]) == []


@pytest.mark.parametrize("module", [name for name in MODULES if room(name) in CORE])
def test_the_core_reads_no_clock_and_no_chance(module: str) -> None:
    assert sorted({name.split(".")[0] for name in imports(module)} & CLOCKS_AND_CHANCE) == []
    drawn = [
        ast.unparse(node)
        for node in statements(tree(module))
        if isinstance(node, ast.Attribute) and ast.unparse(node).startswith(("np.random.", "numpy.random."))
    ]
    assert [text for text in drawn if not text.endswith((".Generator", ".default_rng", ".PCG64", ".Philox"))] == []


@pytest.mark.parametrize("module", [name for name in MODULES if room(name) == "trees"])
def test_trees_use_nothing_of_py_trees_that_reads_a_clock(module: str) -> None:
    named = {node.attr for node in statements(tree(module)) if isinstance(node, ast.Attribute) and ast.unparse(node).startswith("py_trees.")}
    named |= {name.rpartition(".")[2] for name in imports(module) if name.startswith("py_trees.")}
    assert sorted(named & CLOCK_READERS_OF_PY_TREES) == []


def test_conversions_of_messages_need_no_running_ros() -> None:
    if "ros.conversions" in modules():
        assert [name for name in imports("ros.conversions") if name.split(".")[0] == "rclpy"] == []


def test_no_module_imports_itself_through_others() -> None:
    graph = {module: {target for name in imports(module) if (target := own(name)) and target != module} for module in MODULES}
    done: set[str] = set()

    def follow(module: str, path: tuple[str, ...]) -> None:
        assert module not in path, " → ".join([*path[path.index(module) :], module])
        if module not in done:
            for target in sorted(graph[module]):
                follow(target, (*path, module))
            done.add(module)

    for module in MODULES:
        follow(module, ())


# ---- what an import costs ------------------------------------------------------------------------------------------------------------


def fresh(code: str) -> list[str]:
    """Lines printed by a fresh interpreter."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_importing_skillkit_and_its_core_loads_no_heavy_library() -> None:
    core = ", ".join(f"skillkit.{name}" for name in MODULES if LAYER.get(name, 9) <= 1)
    loaded = fresh(f"import sys, skillkit, {core}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))")
    assert sorted(set(loaded) & set(HOME)) == []


def test_importing_skillkit_costs_at_most_30_ms_beside_numpy_and_yaml() -> None:
    code = "import numpy, yaml, time; t = time.perf_counter(); import skillkit; print(time.perf_counter() - t)"
    assert min(float(fresh(code)[0]) for _ in range(3)) < 0.030
