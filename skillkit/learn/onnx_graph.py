"""A folded network as an ONNX graph, written node by node."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skillkit.exceptions import MissingLibrary
from skillkit.learn.features import FAR
from skillkit.learn.folding import member_names

try:
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ImportError:
    raise MissingLibrary("onnx", "onnx") from None

OPSET, IR = 17, 8
FEATURES = "features"  # the node that keeps 32 bits when the others get eight


def write_onnx(path: Path, tensors: Mapping[str, NDArray[np.float32]], scales: Sequence[float], first: int) -> None:
    """Input ``observation`` (1, raw), output ``action`` (1, actions).

    At batch 1 a node costs about as much as a small layer, so what is linear is multiplied out: one product gives the normalised features and the
    scaled differences, and the actions' unit is part of the last layers.
    """
    members = member_names(list(tensors))
    nodes, arrays = _features(tensors, scales, first)
    for number, prefixes in enumerate(members):
        nodes.extend(_layers(prefixes, f"member{number}" if len(members) > 1 else "action"))
    if len(members) > 1:
        nodes.append(helper.make_node("Sum", [f"member{number}" for number in range(len(members))], ["action"]))
    arrays |= {name: value for name, value in tensors.items() if name.startswith("members.")}
    for prefixes in members:
        for name in (f"{prefixes[-1]}.weight", f"{prefixes[-1]}.bias"):
            arrays[name] = tensors[name] * (tensors["unit"] / np.float32(len(members)))
    initialisers = [numpy_helper.from_array(np.asarray(value), name) for name, value in arrays.items()]
    shape = (tensors["matrix"].shape[0], tensors["unit"].shape[0])
    given, put = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size]) for name, size in zip(("observation", "action"), shape, strict=True))
    model = helper.make_model(helper.make_graph(nodes, "policy", [given], [put], initialisers), opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _features(tensors: Mapping[str, NDArray[np.float32]], scales: Sequence[float], first: int) -> tuple[list[Any], dict[str, Any]]:
    """From ``observation`` to ``features``: the nodes, and the arrays that they hold."""
    matrix, deviation = tensors["matrix"].astype(np.float64), tensors["deviation"].astype(np.float64)
    weight = np.concatenate([matrix / deviation, *(matrix[:, first:] / scale for scale in scales)], axis=1)
    near = weight.shape[1] - matrix.shape[1]
    bias = np.concatenate([-tensors["mean"] / deviation, np.zeros(near)])
    arrays: dict[str, Any] = {"features.weight": weight.astype(np.float32), "features.bias": bias.astype(np.float32)}
    arrays |= {"low": np.float32(-FAR), "high": np.float32(FAR)}
    gemm = helper.make_node("Gemm", ["observation", "features.weight", "features.bias"], ["seen"], name=FEATURES)
    if not scales:
        return [gemm, helper.make_node("Clip", ["seen", "low", "high"], ["features"])], arrays
    arrays["sizes"] = np.array([matrix.shape[1], near])
    return [
        gemm,
        helper.make_node("Split", ["seen", "sizes"], ["normal", "scaled"], axis=1),
        helper.make_node("Clip", ["normal", "low", "high"], ["plain"]),
        helper.make_node("Tanh", ["scaled"], ["near"]),
        helper.make_node("Concat", ["plain", "near"], ["features"], axis=1),
    ], arrays


def _layers(prefixes: Sequence[str], output: str) -> Iterator[Any]:
    given = "features"
    for place, prefix in enumerate(prefixes):
        last = place == len(prefixes) - 1
        name = output if last else f"{prefix}.sum"
        yield helper.make_node("Gemm", [given, f"{prefix}.weight", f"{prefix}.bias"], [name], name=f"{prefix}.gemm")
        if not last:
            yield helper.make_node("Relu", [name], [f"{prefix}.out"])
            given = f"{prefix}.out"
