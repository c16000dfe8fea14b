"""One rendered picture of a simulated scene, without a window and without an image library."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from skillkit.exceptions import NoGraphics
from skillkit.pose import Pose


def save_picture(model: mujoco.MjModel, data: mujoco.MjData, path: Path, width: int, height: int, transform_scene_to_world: Pose) -> Path:
    """Render to a PNG file; the camera looks at the scene from above its front.

    Raises:
        NoGraphics: no off-screen OpenGL context could be made.
    """
    context = _context(width, height)
    try:
        pixels = _render(model, data, width, height, transform_scene_to_world)
    except Exception as error:
        raise NoGraphics(str(error) or type(error).__name__) from None
    finally:
        context.free()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png(pixels))
    return path


def png(pixels: NDArray[np.uint8]) -> bytes:
    """(height, width, 3) pixels as a PNG file (RFC 2083): header, one deflated block of unfiltered rows, end."""
    height, width, _ = pixels.shape
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows, 6)) + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _context(width: int, height: int) -> Any:
    try:
        from mujoco.egl import GLContext

        context = GLContext(width, height)
        context.make_current()
    except Exception as error:  # a missing driver shows as ImportError, AttributeError or RuntimeError
        raise NoGraphics(str(error) or type(error).__name__) from None
    return context


def _render(model: mujoco.MjModel, data: mujoco.MjData, width: int, height: int, transform_scene_to_world: Pose) -> NDArray[np.uint8]:
    camera = mujoco.MjvCamera()
    camera.lookat = transform_scene_to_world.apply((0.25, 0.05, 0.33))
    turn = float(np.degrees(np.arctan2(transform_scene_to_world.rotation[1, 0], transform_scene_to_world.rotation[0, 0])))
    camera.distance, camera.azimuth, camera.elevation = 2.1, 62.0 + turn, -28.0
    scene, resources = mujoco.MjvScene(model, maxgeom=2000), mujoco.MjrContext(model, mujoco.mjtFontScale.mjFONTSCALE_100)
    mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, resources)
    mujoco.mjv_updateScene(model, data, mujoco.MjvOption(), None, camera, mujoco.mjtCatBit.mjCAT_ALL, scene)
    view, pixels = mujoco.MjrRect(0, 0, width, height), np.zeros((height, width, 3), dtype=np.uint8)
    mujoco.mjr_render(view, scene, resources)
    mujoco.mjr_readPixels(pixels, None, view, resources)
    resources.free()
    return pixels[::-1]
