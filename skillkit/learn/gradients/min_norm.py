"""The point of smallest norm in the convex hull of some vectors."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import nnls
from torch import Tensor

Floats = NDArray[np.float64]


def coordinates(gramian: Tensor) -> Floats:
    """(T, T) inner products → (T, T) columns that have them: the gradients, but for a rotation, in as many dimensions as there are tasks."""
    gramian = gramian.detach().to("cpu", torch.float64)
    if not torch.isfinite(gramian).all():
        return np.full(gramian.shape, np.nan)
    values, vectors = torch.linalg.eigh(gramian)
    return (values.clamp_min(0.0).sqrt()[:, None] * vectors.T).numpy()


def min_norm_weights(vectors: Floats) -> Floats:
    """argmin ‖Vα‖² over α ≥ 0, Σα = 1, for the columns of V (d, T); exact but for rounding. Equal where V is zero or not finite.

    It is one non-negative least squares problem (Lawson and Hanson 1974, ch. 23): β = argmin ‖Vβ‖² + (Σβ − 1)² over β ≥ 0 obeys
    VᵀVβ ≥ (1 − Σβ) 1, with equality where β > 0. Divided by Σβ these are the conditions of the point sought.
    """
    size = vectors.shape[1]
    scale = np.sqrt((vectors**2).sum() / size)  # a typical length, so that both terms weigh alike
    if not np.isfinite(scale) or scale <= 0.0:
        return np.full(size, 1.0 / size)
    beta, _ = nnls(np.vstack([vectors / scale, np.ones((1, size))]), np.r_[np.zeros(len(vectors)), 1.0], maxiter=50 * size)
    return np.asarray(beta / beta.sum())
