"""A matrix over tasks as a picture: red below zero, blue above, white at zero, the names at the rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

from skillkit.exceptions import MissingLibrary

if TYPE_CHECKING:
    from PIL import Image

BLUE, WHITE, RED = np.array([33, 102, 172]), np.array([255, 255, 255]), np.array([178, 24, 43])
MARGIN, LETTER = 6, 7  # pixels around everything; width of a letter of the built-in font


def heat_map(matrix: ArrayLike, names: Sequence[str], title: str, limit: float = 1.0) -> Image.Image:
    """The picture of a square matrix; full colour at ± ``limit``, the value written in where there is room for it.

    Raises:
        MissingLibrary: Pillow is not installed.
    """
    try:
        from PIL import Image, ImageDraw
    except ImportError as error:
        raise MissingLibrary("pillow", "learn") from error
    values = np.asarray(matrix, float)
    side = max(14, min(44, 900 // max(1, len(names))))  # [pixels] of one cell
    left, top = MARGIN + LETTER * max([len(name) for name in names], default=0) + MARGIN, 3 * MARGIN + 12
    picture = Image.new("RGB", (max(left + side * len(names), LETTER * len(title)) + MARGIN, top + side * len(names) + MARGIN), "white")
    draw = ImageDraw.Draw(picture)
    draw.text((MARGIN, MARGIN), title, "black")
    for i, name in enumerate(names):
        draw.text((MARGIN, top + i * side + side // 2 - 6), name, "black")
        for j in range(len(names)):
            corner = (left + j * side, top + i * side)
            draw.rectangle((*corner, corner[0] + side - 2, corner[1] + side - 2), _colour(values[i, j] / limit))
            if side >= 34:
                draw.text((corner[0] + 3, corner[1] + side // 2 - 6), f"{values[i, j]:5.2f}", "white" if abs(values[i, j]) > 0.6 * limit else "black")
    return picture


def _colour(value: float) -> tuple[int, int, int]:
    share = min(1.0, abs(value)) if np.isfinite(value) else 0.0
    red, green, blue = ((1 - share) * WHITE + share * (BLUE if value > 0 else RED)).astype(int).tolist()
    return red, green, blue
