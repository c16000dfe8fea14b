"""What an installation holds: the wheel, the ROS 2 package files, and the script that makes the environment."""

from __future__ import annotations

import configparser
import json
import re
import runpy
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import skillkit

ROOT = Path(__file__).resolve().parent.parent
PYTHONS = ("310", "311", "312", "313")
SHARED = ("skills", "tasks", "scenes", "cells", "urdf", "launch", "configs")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """A wheel of this checkout, built without network and without leaving traces in the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    source.mkdir()
    parts = ("setup.py", "setup.cfg", "package.xml", "pyproject.toml", "resource", "skillkit", *SHARED, "ros2_ws")
    for name in parts:
        if (ROOT / name).exists():
            (source / name).symlink_to(ROOT / name)
    command = [sys.executable, "setup.py", "-q", "egg_info", "-e", str(folder), "bdist_wheel", "-d", str(folder), "-b", str(folder / "build")]
    done = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return zipfile.ZipFile(next(folder.glob("*.whl")))


@pytest.fixture(scope="module")
def setup_environment() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "tools" / "setup_environment.py"))


def metadata(wheel: zipfile.ZipFile, name: str) -> str:
    return wheel.read(next(entry for entry in wheel.namelist() if entry.endswith(f".dist-info/{name}"))).decode()


# ---- the wheel -----------------------------------------------------------------------------------------------------------------------


def test_the_wheel_holds_every_module_and_nothing_of_the_tests(wheel: zipfile.ZipFile) -> None:
    modules = {path.relative_to(ROOT).as_posix() for path in (ROOT / "skillkit").rglob("*.py")}
    packed = {name for name in wheel.namelist() if name.endswith(".py") and "/data/" not in name}
    assert packed == modules


def test_the_wheel_holds_what_users_write_beside_the_code(wheel: zipfile.ZipFile) -> None:
    shared = {name.partition("/data/share/skillkit/")[2] for name in wheel.namelist() if "/data/share/skillkit/" in name}
    written = {path.relative_to(ROOT).as_posix() for kind in SHARED for path in (ROOT / kind).rglob("*.*") if path.is_file()}
    written = {name for name in written if "__pycache__" not in name}
    assert written
    assert written <= shared
    assert {path.name for path in (ROOT / "ros2_ws/src/skillkit_interfaces/msg").glob("*.msg")} <= {
        Path(name).name for name in shared if name.startswith("msg/")
    }


def test_colcon_and_ros2_find_the_package(wheel: zipfile.ZipFile) -> None:
    assert any(name.endswith("/data/share/ament_index/resource_index/packages/skillkit") for name in wheel.namelist())
    assert any(name.endswith("/data/share/skillkit/package.xml") for name in wheel.namelist())


def test_the_command_line_and_the_nodes_are_scripts_whose_modules_exist(wheel: zipfile.ZipFile) -> None:
    scripts = configparser.ConfigParser()
    scripts.read_string(metadata(wheel, "entry_points.txt"))
    assert scripts["console_scripts"]["skillkit"] == "skillkit.cli:main"
    for target in scripts["console_scripts"].values():
        module = ROOT / target.partition(":")[0].replace(".", "/")
        assert module.with_suffix(".py").is_file() or (module / "__init__.py").is_file(), target


def test_ros_wheels_and_torch_are_never_a_hard_dependency(wheel: zipfile.ZipFile) -> None:
    required = [line for line in metadata(wheel, "METADATA").splitlines() if line.startswith("Requires-Dist:")]
    hard = [line for line in required if "extra ==" not in line]
    assert hard
    assert not [line for line in hard if re.search(r": (ros-|torch)", line)]
    assert any("ros-rclpy" in line and 'extra == "ros"' in line for line in required)


# ---- one version, one list of dependencies -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", ["package.xml", "ros2_ws/src/skillkit_interfaces/package.xml"])
def test_package_files_carry_the_version_of_the_code(file: str) -> None:
    assert ElementTree.parse(ROOT / file).getroot().findtext("version") == skillkit.__version__


def test_every_ros_package_that_is_imported_is_declared() -> None:
    declared = {element.text for element in ElementTree.parse(ROOT / "package.xml").getroot().iter("exec_depend")}
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "skillkit" / "ros").rglob("*.py"))
    imported = set(re.findall(r"^\s*(?:from|import) (\w+_(?:msgs|srvs|interfaces)|rclpy)\b", text, re.MULTILINE))
    assert imported - {"rcl_interfaces"} <= declared  # rcl_interfaces is part of rclpy


def test_every_interface_that_is_used_is_declared() -> None:
    folder = ROOT / "ros2_ws" / "src" / "skillkit_interfaces"
    used = set(re.findall(r"\b(\w+_msgs)/", "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*/*.*"))))
    assert used <= {element.text for element in ElementTree.parse(folder / "package.xml").getroot().iter("depend")}


def pins(name: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in (ROOT / "constraints" / name).read_text(encoding="utf-8").splitlines():
        line = line.partition("#")[0].strip()
        if line.startswith("-c"):
            found.update(pins(line.removeprefix("-c").strip()))
        elif line:
            package, _, version = line.partition("==")
            found[re.sub(r"[-_.]+", "-", package).lower()] = version
    return found


@pytest.mark.parametrize("python", PYTHONS)
def test_each_python_has_a_version_pinned_of_everything_skillkit_asks_for(wheel: zipfile.ZipFile, python: str) -> None:
    lines = [line.partition(": ")[2] for line in metadata(wheel, "METADATA").splitlines() if line.startswith("Requires-Dist:")]
    extras = {"ros", "test", "dev", "learn", "onnx", "metaworld"}
    asked = [line for line in lines if "extra ==" not in line or re.search(r'extra == "(\w+)"', line).group(1) in extras]  # type: ignore[union-attr]
    names = {re.sub(r"[-_.]+", "-", re.match(r"[\w.-]+", line).group(0)).lower() for line in asked}  # type: ignore[union-attr]
    known = pins(f"py{python}.txt")
    assert sorted(name for name in names if not re.fullmatch(r"[\w.+-]+", known.get(name, ""))) == []
    assert int(known["mujoco"].split(".")[0]) < 4


# ---- making the environment ----------------------------------------------------------------------------------------------------------


def test_what_is_installed_already_is_not_installed_again(setup_environment: dict[str, Any], tmp_path: Path) -> None:
    setup = setup_environment["Setup"](tmp_path, "")
    stamp = {
        "packages": setup_environment["digest"](setup_environment["package_sources"]()),
        "interfaces": setup_environment["digest"](setup_environment["interface_sources"]()),
        "ros": "apt" if setup_environment["ros_is_sourced"]() else "wheels",
    }
    setup.stamp_file.write_text(json.dumps(stamp))
    setup.run()
    assert [path.name for path in tmp_path.iterdir()] == ["skillkit-stamp.json"]


def test_an_extra_stays_once_it_is_installed(setup_environment: dict[str, Any], tmp_path: Path) -> None:
    setup = setup_environment["Setup"](tmp_path, "", "onnx,learn")
    assert setup.extras == ["learn", "onnx"]
    setup.stamp_file.write_text(json.dumps({"extras": setup.extras}))
    assert setup_environment["Setup"](tmp_path, "").extras == ["learn", "onnx"]
    assert setup_environment["Setup"](tmp_path, "", "metaworld").extras == ["learn", "metaworld", "onnx"]


def test_a_changed_message_changes_the_digest_of_the_interfaces(setup_environment: dict[str, Any], tmp_path: Path) -> None:
    first, second = tmp_path / "a.msg", tmp_path / "b.msg"
    first.write_text("bool a\n")
    second.write_text("bool b\n")
    assert setup_environment["digest"]([first]) != setup_environment["digest"]([second])
    assert setup_environment["digest"]([first]) == setup_environment["digest"]([first])


def test_a_missing_compiler_is_named_with_the_line_that_installs_it(setup_environment: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shutil.which", lambda name: None)
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(setup_environment["SetupError"], match=r"apt-get install .*g\+\+ cmake ninja-build python3\.11-dev"):
        setup_environment["install_system_packages"]({"venv": True, "headers": False}, "3.11", "wheels")


def test_a_python_that_does_not_fit_is_refused_with_what_was_found(setup_environment: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(setup_environment["find_python"].__globals__, "probe", lambda path: {"version": [3, 8], "venv": True, "headers": True, "ros": False})
    with pytest.raises(setup_environment["SetupError"], match=r"3\.8"):
        setup_environment["find_python"](sys.executable, tmp_path / "none")
