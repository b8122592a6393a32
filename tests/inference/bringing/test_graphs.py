from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from inference.bringing.errors import BringingError
from inference.bringing.graphs import OPERATORS, read_graph


def graph(*nodes: onnx.NodeProto, opset: int = 15, held: tuple[onnx.TensorProto, ...] = ()) -> onnx.ModelProto:
    """A model of `x` (rows, 2) -> `y`; without nodes its sigmoid."""
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, 2])
    wanted = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 2])
    made = helper.make_graph(nodes or [helper.make_node("Sigmoid", ["x"], ["y"])], "g", [given], [wanted], held)
    return helper.make_model(made, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def test_a_plain_graph_is_read() -> None:
    assert read_graph(graph().SerializeToString()).graph.node[0].op_type == "Sigmoid"


def test_no_operator_runs_a_graph_or_sets_its_own_size() -> None:
    assert not {"If", "Loop", "Scan", "SequenceMap", "Range", "Tile", "Pad", "Resize", "RandomNormal"} & OPERATORS


def external() -> onnx.ModelProto:
    weights = numpy_helper.from_array(np.ones((2, 2), dtype=np.float32), "w")
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="../../../etc/passwd")
    return graph(helper.make_node("MatMul", ["x", "w"], ["y"]), held=(weights,))


def external_in_an_attribute() -> onnx.ModelProto:
    weights = external().graph.initializer[0]
    return graph(helper.make_node("Constant", [], ["w"], value=weights), helper.make_node("MatMul", ["x", "w"], ["y"]))


def other_domain() -> onnx.ModelProto:
    model = graph(helper.make_node("Run", ["x"], ["y"], domain="com.example"))
    model.opset_import.append(helper.make_opsetid("com.example", 1))
    return model


def branch() -> onnx.ModelProto:
    inner = graph().graph
    return graph(helper.make_node("If", ["x"], ["y"], then_branch=inner, else_branch=inner))


def loop() -> onnx.ModelProto:
    return graph(helper.make_node("Loop", ["", "", "x"], ["y"], body=graph().graph))


def hidden_graph() -> onnx.ModelProto:
    return graph(helper.make_node("Sigmoid", ["x"], ["y"], body=graph().graph))


def circle() -> onnx.ModelProto:
    return graph(helper.make_node("Add", ["x", "b"], ["a"]), helper.make_node("Add", ["a", "x"], ["b"]))


def claims() -> onnx.ModelProto:
    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[200_000, 200_000])
    return graph(helper.make_node("MatMul", ["x", "w"], ["y"]), held=(weights,))


def claims_raw() -> onnx.ModelProto:
    weights = TensorProto(name="w", data_type=TensorProto.DOUBLE, dims=[1, 2], raw_data=bytes(8))
    return graph(helper.make_node("MatMul", ["x", "w"], ["y"]), held=(weights,))


def functions() -> onnx.ModelProto:
    model = graph()
    model.functions.append(
        helper.make_function("", "Own", ["x"], ["y"], list(graph().graph.node), [helper.make_opsetid("", 15)])
    )
    return model


def foreign_ops() -> onnx.ModelProto:
    return graph(helper.make_node("RandomNormalLike", ["x"], ["y"]))


def no_output() -> onnx.ModelProto:
    return graph(helper.make_node("Sigmoid", ["x"], ["z"]))


def sparse() -> onnx.ModelProto:
    model = graph()
    model.graph.sparse_initializer.add().dims.extend([2, 2])
    return model


REFUSED = {
    external: "lies in another file, which is not opened",
    external_in_an_attribute: "lies in another file, which is not opened",
    other_domain: "domain com.example, which is not ONNX's own",
    branch: "uses If, which is not among the operators",
    loop: "uses Loop, which is not among the operators",
    hidden_graph: "a node holds another graph",
    circle: "which no node before it makes",
    claims: "claims 200,000 x 200,000 values and does not hold them",
    claims_raw: "claims 1 x 2 values and does not hold them",
    functions: "functions or training steps of its own",
    foreign_ops: "uses RandomNormalLike",
    no_output: "no node makes its output",
    sparse: "sparse tensors",
    lambda: graph(opset=8): "of opset 8 of ai.onnx; 9 to",
    lambda: graph(opset=999): "of opset 999 of ai.onnx",
}


@pytest.mark.parametrize(("make", "reason"), REFUSED.items(), ids=REFUSED.values())
def test_what_is_not_run_is_refused(make: Callable[[], onnx.ModelProto], reason: str) -> None:
    with pytest.raises(BringingError, match=reason):
        read_graph(make().SerializeToString())


@pytest.mark.parametrize("content", [b"\x08\x08garbage", graph().SerializeToString()[:-7]])
def test_what_is_cut_short_is_refused(content: bytes) -> None:
    with pytest.raises(BringingError, match="no whole ONNX model"):
        read_graph(content)


def test_nothing_is_no_model() -> None:
    with pytest.raises(BringingError, match="no nodes or no output"):
        read_graph(onnx.ModelProto(ir_version=8).SerializeToString())
