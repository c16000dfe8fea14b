"""The point of smallest norm in the convex hull of some vectors, from their inner products alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls


def min_norm_weights(gramian: NDArray[np.float64]) -> NDArray[np.float64]:
    """argmin αᵀKα over α ≥ 0, Σα = 1; exact but for rounding.

    It is one non-negative least squares problem (Lawson and Hanson 1974, ch. 23): β = argmin ‖Rβ‖² + (Σβ − 1)² over β ≥ 0, with RᵀR = K, obeys
    Kβ ≥ (1 − Σβ) 1 with equality where β > 0. Divided by Σβ these are the conditions of the point sought.

    Args:
        gramian: (T, T) inner products, symmetric and positive semi-definite.
    """
    size = len(gramian)
    scale = np.trace(gramian) / size
    if not np.isfinite(scale) or scale <= 0.0:
        return np.full(size, 1.0 / size)
    values, vectors = np.linalg.eigh(gramian / scale)
    root = np.sqrt(np.clip(values, 0.0, None))[:, None] * vectors.T  # (T, T)
    beta, _ = nnls(np.vstack([root, np.ones((1, size))]), np.r_[np.zeros(size), 1.0], maxiter=50 * size)
    return np.asarray(beta / beta.sum())
