from __future__ import annotations

from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from inference.bringing.adapting import Choice, Output, adapted, choose, feeds, inputs_of, outputs_of
from inference.bringing.errors import BringingError, UnsaidError
from inference.bringing.readers import _session
from inference.model.session import OnnxBackend

LEVELS = {2: ("a", "b")}
MATRIX = np.array([[0.5, 3.0, 0.0], [-1.0, np.nan, 1.0], [2.0, 4.0, np.nan], [2.0, 4.0, -1.0]], dtype=np.float32)


def model(
    inputs: list[tuple[str, int, list[int | None]]],
    nodes: list[onnx.NodeProto],
    outputs: list[str],
    opset: int = 15,
    **held: Any,
) -> onnx.ModelProto:
    given = [helper.make_tensor_value_info(*each) for each in inputs]
    wanted = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in outputs]
    tensors = [numpy_helper.from_array(np.array(values), name) for name, values in held.items()]
    graph = helper.make_graph(nodes, "g", given, wanted, tensors)
    opsets = [helper.make_opsetid("", opset), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8)


def columns_model() -> onnx.ModelProto:
    """The sigmoid of `features` (float), plus 1 where `word` (string) is "b", plus `whole` (double, flat)."""
    nodes = [
        helper.make_node(
            "LabelEncoder", ["word"], ["code"], domain="ai.onnx.ml", keys_strings=["b"], values_floats=[1.0]
        ),
        helper.make_node("Cast", ["flat"], ["flat32"], to=TensorProto.FLOAT),
        helper.make_node("Reshape", ["flat32", "shape"], ["column"]),
        helper.make_node("Sum", ["features", "code", "column"], ["step_0"]),
        helper.make_node("Sigmoid", ["step_0"], ["default_probability"]),
    ]
    inputs: list[tuple[str, int, list[int | None]]] = [
        ("word", TensorProto.STRING, [None, 1]),
        ("flat", TensorProto.DOUBLE, [None]),
        ("features", TensorProto.FLOAT, [None, 1]),
    ]
    return model(inputs, nodes, ["default_probability"], shape=[-1, 1])


def test_columns_by_name_are_fed_from_the_matrix_whatever_they_are_called() -> None:
    given, places = columns_model(), (2, 0, 0)
    made = adapted(given, places, LEVELS, Choice("default_probability", None), 3)
    # Worked out by hand: LabelEncoder gives -0 for other words.
    words = np.array([0.0, 1.0, 0.0, 0.0])
    expected = 1 / (1 + np.exp(-(2 * MATRIX[:, 0] + words)))
    np.testing.assert_allclose(OnnxBackend(made).predict(MATRIX), expected, rtol=0, atol=1e-7)
    fed = feeds(inputs_of(given), MATRIX, places, LEVELS)
    assert fed["word"].ravel().tolist() == ["a", "b", "", ""]
    assert fed["flat"].dtype == np.float64
    assert fed["flat"].shape == (4,)


def test_columns_of_a_matrix_are_put_in_the_model_s_order() -> None:
    nodes = [helper.make_node("MatMul", ["x", "w"], ["z"]), helper.make_node("Sigmoid", ["z"], ["p"])]
    given = model([("x", TensorProto.FLOAT, [None, 2])], nodes, ["p"], w=np.array([[1.0], [10.0]], dtype=np.float32))
    made = adapted(given, (1, 0), {}, Choice("p", None), 3)
    expected = 1 / (1 + np.exp(-(MATRIX[[0, 2], 1] + 10 * MATRIX[[0, 2], 0])))
    np.testing.assert_allclose(OnnxBackend(made).predict(MATRIX[[0, 2]]), expected, rtol=1e-6)


def test_a_dictionary_a_row_is_taken_before_it_is_made() -> None:
    nodes = [
        helper.make_node("Sigmoid", ["x"], ["table"]),
        helper.make_node("ZipMap", ["table"], ["maps"], domain="ai.onnx.ml", classlabels_int64s=[0, 1]),
    ]
    given = model([("x", TensorProto.FLOAT, [None, 2])], nodes, [])
    pairs = helper.make_sequence_type_proto(
        helper.make_map_type_proto(TensorProto.INT64, helper.make_tensor_type_proto(TensorProto.FLOAT, []))
    )
    given.graph.output.append(helper.make_value_info("maps", pairs))
    results = _session(given.SerializeToString()).run(["maps"], {"x": MATRIX[:2, [0, 2]]})
    (output,) = outputs_of(given, {"maps": results[0]}, 2)
    assert output.labels == ("0", "1")
    choice = choose([output])
    assert choice == Choice("maps", 1)
    made = adapted(given, (0, 2), {}, choice, 3)
    expected = 1 / (1 + np.exp(-MATRIX[:2, 2]))
    np.testing.assert_allclose(OnnxBackend(made).predict(MATRIX[:2]), expected, rtol=1e-6)
    np.testing.assert_allclose(output.values[:, 1], expected, rtol=1e-6)


def output(name: str, width: int, *labels: str) -> Output:
    return Output(name, np.zeros((3, width)), labels)


@pytest.mark.parametrize(
    ("outputs", "wanted", "choice"),
    [
        ([output("p", 1)], "", Choice("p", None)),
        ([output("p", 2)], "", Choice("p", 1)),
        ([output("p", 2, "1", "0")], "", Choice("p", 0)),
        ([output("p", 2, "False", "True")], "", Choice("p", 1)),
        ([output("p", 2, "bad", "good")], "p/bad", Choice("p", 0)),
        ([output("p", 3)], "p/2", Choice("p", 2)),
        ([output("p", 2), output("q", 1)], "q", Choice("q", None)),
        ([output("a/1", 1), output("q", 1)], "a/1", Choice("a/1", None)),
    ],
)
def test_the_output_is_the_only_one_or_the_one_that_is_named(
    outputs: list[Output], wanted: str, choice: Choice
) -> None:
    assert choose(outputs, wanted) == choice


@pytest.mark.parametrize(
    ("outputs", "wanted", "question"),
    [
        ([output("p", 1), output("q", 2)], "", r"say which: --output p, --output q/0, --output q/1\."),
        ([output("p", 1)], "z", r"There is no output 'z'; say one of --output p\."),
        ([output("p", 2, "1", "2")], "", r"say it with --output p/1, --output p/2"),
        ([output("p", 2, "bad", "good")], "", r"say it with --output p/bad, --output p/good"),
        ([output("p", 3)], "", "has 3 columns"),
        ([output("p", 2)], "p/7", "has 2 columns"),
    ],
)
def test_what_is_not_said_is_asked(outputs: list[Output], wanted: str, question: str) -> None:
    with pytest.raises(UnsaidError, match=question):
        choose(outputs, wanted)


def test_without_an_output_of_numbers_there_is_no_choice() -> None:
    with pytest.raises(BringingError, match="none of its outputs is a number a row"):
        choose(outputs_of(columns_model(), {"label": np.array([1, 0])}, 2))


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ([("x", TensorProto.FLOAT, [1, 3])], "takes 1 rows at a time and no other number"),
        ([("x", TensorProto.FLOAT, [None, 2, 2])], "3 dimensions"),
        ([("x", TensorProto.FLOAT16, [None, 2])], "takes FLOAT16"),
        ([("x", TensorProto.BOOL, [None, 1])], "takes BOOL"),
        ([("x", TensorProto.FLOAT, [None, 2]), ("z", TensorProto.FLOAT, [None, 1])], "several columns beside other"),
    ],
)
def test_inputs_that_are_no_columns_are_refused(inputs: list[tuple[str, int, list[int | None]]], reason: str) -> None:
    with pytest.raises(BringingError, match=reason):
        inputs_of(model(inputs, [helper.make_node("Identity", ["x"], ["y"])], ["y"]))


def test_a_whole_number_cannot_be_missing() -> None:
    given = model([("x", TensorProto.INT64, [None, 1])], [helper.make_node("Identity", ["x"], ["y"])], ["y"])
    with pytest.raises(BringingError, match="takes whole numbers, but some applications lack the value"):
        feeds(inputs_of(given), MATRIX, (1,), {})
    assert feeds(inputs_of(given), MATRIX[:1], (1,), {})["x"].tolist() == [[3]]


def test_a_whole_number_has_no_fraction() -> None:
    given = model([("x", TensorProto.INT64, [None, 1])], [helper.make_node("Identity", ["x"], ["y"])], ["y"])
    with pytest.raises(BringingError, match="takes whole numbers, but some applications have fractions"):
        feeds(inputs_of(given), MATRIX, (0,), {})


@pytest.mark.parametrize("opset", [9, 21])
@pytest.mark.parametrize("is_matrix", [True, False], ids=("matrix", "columns"))
def test_a_row_without_a_whole_number_has_no_pd(opset: int, is_matrix: bool) -> None:
    # Cast to a whole number, a missing value would be some number and 3.5 would be 3.
    rows = np.array([[1, 2], [np.nan, 2], [1, np.nan], [3, -4], [3.5, 1]], dtype=np.float32)
    last = [helper.make_node("Sigmoid", ["sum"], ["p"])]
    if is_matrix:
        nodes = [
            helper.make_node("Cast", ["x"], ["x32"], to=TensorProto.FLOAT),
            helper.make_node("MatMul", ["x32", "w"], ["sum"]),
        ]
        held = {"w": np.ones((2, 1), dtype=np.float32)}
        given = model([("x", TensorProto.INT64, [None, 2])], [*nodes, *last], ["p"], opset, **held)
    else:
        nodes = [
            *(helper.make_node("Cast", [name], [f"{name}32"], to=TensorProto.FLOAT) for name in "ab"),
            helper.make_node("Add", ["a32", "b32"], ["sum"]),
        ]
        inputs: list[tuple[str, int, list[int | None]]] = [
            ("a", TensorProto.INT32, [None, 1]),
            ("b", TensorProto.INT64, [None, 1]),
        ]
        given = model(inputs, [*nodes, *last], ["p"], opset)
    made = OnnxBackend(adapted(given, (0, 1), {}, Choice("p", None), 2)).predict(rows)
    nan = np.nan
    np.testing.assert_allclose(made, [1 / (1 + np.exp(-3)), nan, nan, 1 / (1 + np.exp(1)), nan], rtol=1e-6)
