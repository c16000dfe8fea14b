"""What a result depends on besides its inputs: processor, operating system, versions, linear algebra, threads.

Two machines with equal fingerprints are expected to re-execute a bag bit for bit; elsewhere a difference may be the platform's. Library
versions come from their packages' metadata, nothing is imported for them.
"""

from __future__ import annotations

import os
import platform
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np

from skillkit import compiled

LIBRARIES = (
    "skillkit", "numpy", "pin", "daqp", "mujoco", "py-trees", "onnxruntime", "torch", "mcap", "mcap-ros2-support", "pyyaml", "rclpy",
)  # fmt: skip
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", "MUJOCO_GL")


@cache
def fingerprint() -> dict[str, str]:
    """The platform as words, in a fixed order; a library that is not installed is left out."""
    model, features = _processor()
    blas = _blas()
    words = {
        "system": f"{platform.system()} {platform.release()}",
        "machine": platform.machine(),
        "libc": " ".join(part for part in platform.libc_ver() if part),
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "processor": model,
        "processor_features": features,
        "processors": str(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 0),
        "blas": f"{blas.get('name', 'unknown')} {blas.get('version', '')}".strip(),
        "byte_order": sys.byteorder,
        "control": compiled.path(),
    }
    words.update({variable.lower(): os.environ[variable] for variable in THREAD_VARIABLES if variable in os.environ})
    words.update({f"version_{name}": installed for name in LIBRARIES if (installed := _version(name))})
    return words


def platform_differences(recorded: dict[str, str], here: dict[str, str] | None = None) -> dict[str, tuple[str, str]]:
    """What differs between two fingerprints and may change a result: name → (recorded, here)."""
    here = fingerprint() if here is None else here
    names = sorted(recorded.keys() | here.keys())
    return {name: (recorded.get(name, ""), here.get(name, "")) for name in names if recorded.get(name, "") != here.get(name, "") and name not in ("system",)}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _processor() -> tuple[str, str]:
    """Model, and the features that decide which vector code runs."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or "unknown", ""
    fields = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    flags = fields.get("flags", fields.get("Features", "")).split()
    return fields.get("model name", platform.processor() or "unknown"), " ".join(sorted(flag for flag in flags if _matters(flag)))


def _matters(flag: str) -> bool:
    return flag.startswith(("sse", "ssse", "avx", "fma", "f16c", "amx", "sve", "asimd"))


def _blas() -> dict[str, Any]:
    try:
        configuration: Any = np.show_config(mode="dicts")
        return dict(configuration["Build Dependencies"]["blas"])
    except (TypeError, KeyError, AttributeError):
        return {}
