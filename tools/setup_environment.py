#!/usr/bin/env python3
"""Make ``.venv`` ready to run and test skillkit: Python packages, and our ROS 2 interfaces built into it.

Needs only a Python 3 with its standard library. What is done already is not done again: a stamp in ``.venv`` holds the digests of
everything the installation depends on. ROS 2 comes from apt where it is sourced, else from wheels.

    python3 tools/setup_environment.py [--venv FOLDER] [--python PYTHON] [--extras learn,onnx]
"""

import argparse
import ctypes.util
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ((3, 10), (3, 11), (3, 12), (3, 13))
TOOLS = {"g++": "g++", "cmake": "cmake", "ninja": "ninja-build"}  # program → Debian package
RENDERING = {"EGL": "libegl1 libgl1-mesa-dri"}  # library → Debian packages; without them there is no picture, and all else works
PROBE = (
    "import json, os, sys, sysconfig\n"
    "headers = os.path.isfile(os.path.join(sysconfig.get_paths()['include'], 'Python.h'))\n"
    "try: import ensurepip, venv; can_venv = True\n"
    "except ImportError: can_venv = False\n"
    "try: import rclpy; ros = True\n"
    "except ImportError: ros = False\n"
    "print(json.dumps({'version': sys.version_info[:2], 'venv': can_venv, 'headers': headers, 'ros': ros}))"
)


class SetupError(Exception):
    """What is missing, and the line that installs it."""


def main():
    """Parse the command line; exit 0 when the environment is ready."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--venv", type=Path, default=ROOT / ".venv", help="the environment to make (default: .venv)")
    parser.add_argument("--python", default=os.environ.get("PYTHON", ""), help="the Python to make it from (default: the first of 3.10 to 3.13)")
    parser.add_argument("--extras", default=os.environ.get("EXTRAS", ""), help="further extras of setup.py, joined by commas; they stay once installed")
    arguments = parser.parse_args()
    try:
        Setup(arguments.venv.resolve(), arguments.python, arguments.extras).run()
    except SetupError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except subprocess.CalledProcessError as error:
        print(f"\nthis failed (exit {error.returncode}): {' '.join(map(str, error.cmd))}", file=sys.stderr)
        return 1
    return 0


class Setup:
    """One environment on its way to being ready."""

    def __init__(self, venv, python, extras=""):
        self.venv, self.asked = venv, python
        self.stamp_file = venv / "skillkit-stamp.json"
        self.extras = sorted({*filter(None, extras.split(",")), *self.read_stamp().get("extras", [])})

    def run(self):
        """All steps that are still to be done."""
        stamp = self.read_stamp()
        packages, interfaces = digest(package_sources()), digest(interface_sources())
        ros_now = "apt" if ros_is_sourced() else stamp.get("ros", "wheels")
        installed = stamp.get("packages") == packages and stamp.get("ros") == ros_now and stamp.get("extras", []) == self.extras
        if installed and stamp.get("interfaces") == interfaces:
            return
        if not installed:
            stamp = self.install_packages(packages)
        if stamp["ros"] != "none":
            self.build_interfaces(stamp["ros"])
        self.write_environment(stamp["ros"])
        stamp["interfaces"] = interfaces
        self.stamp_file.write_text(json.dumps(stamp, indent=1) + "\n")
        print(f"ready: {self.venv}")

    def read_stamp(self):
        """What was done before; nothing where it cannot be read."""
        try:
            return json.loads(self.stamp_file.read_text())
        except (OSError, ValueError):
            return {}

    def install_packages(self, packages):
        """Steps 1 to 4; the stamp so far."""
        print("[1/5] looking for Python 3.10 to 3.13, and for ROS 2", flush=True)
        python, found = find_python(self.asked, self.venv / "bin" / "python")
        ros = "apt" if found["ros"] and ros_is_sourced() else "wheels" if wheels_exist() else "none"
        version = "{}.{}".format(*found["version"])
        print(f"      {python} ({version}); ROS 2: {explain_ros(ros)}")
        install_system_packages(found, version, ros)
        self.make_venv(python, version, ros)
        constraints = self.constraints(version, ros)
        extras = ",".join(["ros,test,dev" if ros == "wheels" else "test,dev", *self.extras])
        print(f"[4/5] installing skillkit[{extras}] with {os.path.relpath(constraints, ROOT)}", flush=True)
        pip = [self.venv / "bin" / "python", "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
        run_counting([*pip, "-c", constraints, "-e", f"{ROOT}[{extras}]"])
        if "metaworld" in self.extras:  # it asks for one old version of mujoco, and works with ours
            run_counting([*pip, "-c", constraints, "--no-deps", "metaworld"])
        return {"packages": packages, "ros": ros, "python": version, "extras": self.extras}

    def make_venv(self, python, version, ros):
        """An environment of this Python; one of another Python or another kind of ROS 2 is made anew."""
        configuration = self.venv / "pyvenv.cfg"
        wanted = f"include-system-site-packages = {'true' if ros == 'apt' else 'false'}"
        if configuration.is_file():
            text = configuration.read_text()
            if f"version = {version}." in text and wanted in text:
                print(f"[3/5] {self.venv} exists")
                return
            shutil.rmtree(self.venv)
        print(f"[3/5] making {self.venv}", flush=True)
        subprocess.run([python, "-m", "venv", *(["--system-site-packages"] if ros == "apt" else []), self.venv], check=True)

    def constraints(self, version, ros):
        """The constraints file that fits; with ROS 2 from apt, numpy stays the one its message modules were compiled against."""
        chosen = ROOT / "constraints" / f"py{version.replace('.', '')}.txt"
        if ros != "apt":
            return chosen
        numpy = subprocess.run([self.venv / "bin" / "python", "-c", "import numpy; print(numpy.__version__)"], check=True, capture_output=True, text=True)
        lines = [line for name in ("common.txt", chosen.name) for line in (chosen.parent / name).read_text().splitlines()]
        kept = [line for line in lines if not line.startswith(("-c", "numpy=="))]
        merged = self.venv / "constraints.txt"
        merged.write_text("\n".join([*kept, f"numpy=={numpy.stdout.strip()}"]) + "\n")
        return merged

    def build_interfaces(self, ros):
        """Step 5: messages, services and actions, straight into the environment."""
        print("[5/5] building skillkit_interfaces (about a minute)", flush=True)
        build, python = self.venv / "build-interfaces", self.venv / "bin" / "python"
        shutil.rmtree(build, ignore_errors=True)
        environment = {**os.environ, "VIRTUAL_ENV": str(self.venv), "PATH": f"{self.venv / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}
        flags = ["-DCMAKE_BUILD_TYPE=Release", "-DBUILD_TESTING=OFF", f"-DCMAKE_INSTALL_PREFIX={self.venv}", f"-DPython3_EXECUTABLE={python}"]
        if ros == "wheels":
            environment.update(AMENT_PREFIX_PATH=str(self.venv), CMAKE_PREFIX_PATH=str(self.venv))
            flags.append(f"-DCMAKE_PROJECT_INCLUDE={ROOT / 'ros2_ws' / 'wheels.cmake'}")
        source = ROOT / "ros2_ws" / "src" / "skillkit_interfaces"
        for command in (["cmake", "-S", source, "-B", build, "-GNinja", *flags], ["cmake", "--build", build], ["cmake", "--install", build]):
            run_quietly(command, environment)
        shutil.rmtree(build)

    def write_environment(self, ros):
        """``environment.sh``: what the Makefile reads before it runs anything in the environment."""
        lines = [f'export PATH="{self.venv}/bin:$PATH"', f"export SKILLKIT_ROS={'' if ros == 'none' else '--ros'}"]
        if ros == "apt":
            lines += [
                f'export AMENT_PREFIX_PATH="{self.venv}:$AMENT_PREFIX_PATH"',
                f'export LD_LIBRARY_PATH="{self.venv}/lib:$LD_LIBRARY_PATH"',
            ]
        (self.venv / "environment.sh").write_text("\n".join(lines) + "\n")


# ---- what there is -----------------------------------------------------------------------------------------------------------------


def package_sources():
    """Files that decide what is installed."""
    return [ROOT / "setup.py", ROOT / "setup.cfg", *sorted((ROOT / "constraints").glob("*.txt")), Path(__file__)]


def interface_sources():
    """Files that decide what the interfaces are."""
    folder = ROOT / "ros2_ws" / "src" / "skillkit_interfaces"
    return [ROOT / "ros2_ws" / "wheels.cmake", *sorted(path for path in folder.rglob("*") if path.is_file())]


def digest(paths):
    """One sha256 over the names and contents of files."""
    total = hashlib.sha256()
    for path in paths:
        total.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return total.hexdigest()


def ros_is_sourced():
    """Whether a ROS 2 installation from elsewhere (apt) is in this shell's environment."""
    parts = [Path(part) for part in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if part]
    return bool(os.environ.get("ROS_DISTRO")) and any((part / "share" / "rclpy").is_dir() for part in parts)


def wheels_exist():
    """Whether there are ROS 2 wheels for this machine."""
    return platform.system() == "Linux" and platform.machine() in ("x86_64", "AMD64")


def explain_ros(ros):
    """The kind of ROS 2 in words."""
    return {
        "apt": "from apt, as sourced in this shell",
        "wheels": "from wheels",
        "none": f"none (its wheels exist for Linux on x86-64, this is {platform.system()} on {platform.machine()}; source ROS 2 first to have it)",
    }[ros]


def find_python(asked, present):
    """The Python to use, and what it can do: the one asked for, the one of the environment at hand, else the first that fits.

    Raises:
        SetupError: none fits; names what to install.
    """
    names = [asked] if asked else [str(present), "python3", *(f"python{major}.{minor}" for major, minor in VERSIONS[::-1])]
    seen = []
    for name in names:
        path = shutil.which(name)
        found = probe(path) if path else None
        if found is None:
            continue
        seen.append("{} is {}.{}".format(path, *found["version"]))
        if tuple(found["version"]) in VERSIONS:
            return path, found
    raise SetupError(f"no Python 3.10, 3.11, 3.12 or 3.13 ({'; '.join(seen) or 'none found'}). Run: apt-get install -y python3 python3-venv python3-dev")


def probe(python):
    """Version, and whether it has venv, headers and rclpy; None where it does not run."""
    clean = {name: value for name, value in os.environ.items() if name != "_ROS_WHEELS_BOOTSTRAP_COMPLETE"}
    answer = subprocess.run([python, "-c", PROBE], capture_output=True, text=True, env=clean)
    return json.loads(answer.stdout) if answer.returncode == 0 else None


def missing_packages(found, version, ros):
    """Debian packages that are needed and not there, and those that only pictures need."""
    needed = [] if ros == "none" else [package for program, package in TOOLS.items() if not shutil.which(program)]
    if not found["venv"]:
        needed.append(f"python{version}-venv")
    if not found["headers"] and ros != "none":
        needed.append(f"python{version}-dev")
    return needed, [package for library, packages in RENDERING.items() if not ctypes.util.find_library(library) for package in packages.split()]


def install_system_packages(found, version, ros):
    """Step 2: through apt where that is possible, else name the line.

    Raises:
        SetupError: something needed is missing and cannot be installed from here.
    """
    needed, rendering = missing_packages(found, version, ros)
    print(f"[2/5] compiler and build tools: {'missing ' + ', '.join(needed) if needed else 'found'}", flush=True)
    if not needed and not rendering:
        return
    line = f"apt-get install -y --no-install-recommends {' '.join([*needed, *rendering])}"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        if needed:
            raise SetupError(f"missing: {', '.join(needed)}. Run as root: {line}")
        print(f"      no picture of the scene without {', '.join(rendering)}; as root: {line}")
        return
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    run_quietly(["apt-get", "update"], environment, check=False)
    if needed:
        run_quietly(["apt-get", "install", "-y", "--no-install-recommends", *needed], environment)
    if rendering:
        run_quietly(["apt-get", "install", "-y", "--no-install-recommends", *rendering], environment, check=False)


def run_counting(command):
    """Run pip, showing how many packages it has come to; its own words only if it fails."""
    process = subprocess.Popen([*map(str, command)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    lines, packages = [], 0
    end = "\r" if sys.stdout.isatty() else "\n"
    for line in process.stdout:
        lines.append(line)
        if line.startswith("Collecting "):
            packages += 1
            if end == "\r" or packages % 25 == 0:
                print(f"      {packages} packages: {line.split()[1][:40]:40}", end=end, flush=True)
        elif line.startswith("Installing collected"):
            print(f"      {packages} packages found, installing them {'':30}", flush=True)
    if process.wait():
        print("".join(lines[-40:]), file=sys.stderr)
        raise subprocess.CalledProcessError(process.returncode, command)


def run_quietly(command, environment, check=True):
    """Run a command; its output is shown only where it fails.

    Raises:
        SetupError: it failed, and ``check`` is set.
    """
    done = subprocess.run([str(word) for word in command], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if check and done.returncode != 0:
        raise SetupError(f"{done.stdout}\nthis failed (exit {done.returncode}): {' '.join(map(str, command))}")


if __name__ == "__main__":
    sys.exit(main())
