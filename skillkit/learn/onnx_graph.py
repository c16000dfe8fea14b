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


def write_onnx(path: Path, tensors: Mapping[str, NDArray[np.float32]], scales: Sequence[float], first: int) -> None:
    """Input ``observation`` (1, raw), output ``action`` (1, actions)."""
    nodes: list[Any] = [helper.make_node("MatMul", ["observation", "matrix"], ["found"])]
    extra: dict[str, Any] = {"low": np.float32(-FAR), "high": np.float32(FAR)}
    for number, (kind, given, output) in enumerate((("Sub", ["found", "mean"], "centred"), ("Div", ["centred", "deviation"], "normal"))):
        nodes.append(helper.make_node(kind, given, [output], name=f"normal{number}"))
    nodes.append(helper.make_node("Clip", ["normal", "low", "high"], ["plain"]))
    parts = ["plain"]
    if scales:
        extra |= {"start": np.array([first]), "stop": np.array([2**31 - 1]), "axis": np.array([1])}
        nodes.append(helper.make_node("Slice", ["found", "start", "stop", "axis"], ["differences"]))
    for number, scale in enumerate(scales):
        extra[f"scale{number}"] = np.float32(scale)
        nodes.append(helper.make_node("Div", ["differences", f"scale{number}"], [f"scaled{number}"]))
        nodes.append(helper.make_node("Tanh", [f"scaled{number}"], [f"near{number}"]))
        parts.append(f"near{number}")
    nodes.append(helper.make_node("Concat", parts, ["features"], axis=1))
    members = member_names(list(tensors))
    for number, prefixes in enumerate(members):
        nodes.extend(_layers(prefixes, f"member{number}"))
    nodes.append(helper.make_node("Sum", [f"member{number}" for number in range(len(members))], ["sum"]))
    extra["per_member"] = tensors["unit"] / np.float32(len(members))
    nodes.append(helper.make_node("Mul", ["sum", "per_member"], ["action"]))
    arrays = {**{name: value for name, value in tensors.items() if name != "unit"}, **extra}
    initialisers = [numpy_helper.from_array(np.asarray(value), name) for name, value in arrays.items()]
    shape = (tensors["matrix"].shape[0], tensors["unit"].shape[0])
    given, put = (helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, size]) for name, size in zip(("observation", "action"), shape, strict=True))
    model = helper.make_model(helper.make_graph(nodes, "policy", [given], [put], initialisers), opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR)
    onnx.checker.check_model(model)
    onnx.save(model, str(path))


def _layers(prefixes: Sequence[str], output: str) -> Iterator[Any]:
    given = "features"
    for place, prefix in enumerate(prefixes):
        last = place == len(prefixes) - 1
        name = output if last else f"{prefix}.sum"
        yield helper.make_node("Gemm", [given, f"{prefix}.weight", f"{prefix}.bias"], [name], name=f"{prefix}.gemm")
        if not last:
            yield helper.make_node("Relu", [name], [f"{prefix}.out"])
            given = f"{prefix}.out"
