"""A policy's ONNX graph with weights and activations of eight bits.

Static quantisation (Jacob et al., "Quantization and Training of Neural Networks for Efficient Integer-Arithmetic-Only Inference", CVPR 2018): ranges
of activations come from observations of the demonstrations.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skillkit.exceptions import MissingLibrary


def quantise(path: Path, target: Path, observations: NDArray[np.float32]) -> None:
    """Eight bits for the layers' products, not for the node ``features``; observations (n, raw) give the ranges of activations.

    Raises:
        MissingLibrary: onnxruntime is not installed.
    """
    try:
        from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    except ImportError:
        raise MissingLibrary("onnxruntime", "onnx") from None

    class Shown(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.rows = iter(observations)

        def get_next(self) -> dict[str, Any] | None:
            row = next(self.rows, None)
            return None if row is None else {"observation": row[None]}

    quantize_static(
        str(path), str(target), Shown(), quant_format=QuantFormat.QOperator, op_types_to_quantize=["Gemm", "Relu"], nodes_to_exclude=["features"],
        per_channel=False, activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8,
    )  # fmt: skip
