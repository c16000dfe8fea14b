"""Pictures without a window."""

import struct
import zlib

import numpy as np
import pytest

from skillkit.exceptions import NoGraphics
from skillkit.sim import picture


def test_a_png_holds_the_pixels_it_was_given():
    pixels = np.random.default_rng(1).integers(0, 256, (5, 7, 3), dtype=np.uint8)
    data = picture.png(pixels)
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    assert struct.unpack(">II", data[16:24]) == (7, 5)
    start = data.index(b"IDAT") + 4
    length = struct.unpack(">I", data[start - 8 : start - 4])[0]
    rows = np.frombuffer(zlib.decompress(data[start : start + length]), dtype=np.uint8).reshape(5, 22)
    assert (rows[:, 0] == 0).all()
    np.testing.assert_array_equal(rows[:, 1:].reshape(5, 7, 3), pixels)


def test_a_picture_of_the_asked_size_is_rendered(make_world, tmp_path):
    try:
        path = make_world().picture(tmp_path / "deep" / "scene.png", 64, 48)
    except NoGraphics as error:
        pytest.skip(str(error))
    data = path.read_bytes()
    assert struct.unpack(">II", data[16:24]) == (64, 48)
    assert len(data) > 1000


def test_without_graphics_the_error_says_what_to_install(make_world, tmp_path, monkeypatch):
    def broken(width, height):
        raise NoGraphics("no EGL library")

    monkeypatch.setattr(picture, "_context", broken)
    with pytest.raises(NoGraphics, match="apt-get install"):
        make_world().picture(tmp_path / "scene.png")
    assert not list(tmp_path.iterdir())
