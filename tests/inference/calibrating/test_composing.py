"""ONNX with a calibrator behind it, and its trees as text, against the calibrator itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import polars as pl
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper

from data.home_credit import embedded
from inference.calibrating.calibrator import Calibrator
from inference.calibrating.composing import compose, narrowed, scaled_text
from inference.calibrating.curves import Bands, Curve, Knots, LogOddsCurve, ScoreCurve, logit
from inference.calibrating.fitting import Method
from inference.errors import ExportError
from inference.explain.shapley import ShapleyModel
from inference.features.definition_features import feature_set
from inference.model.artifact import ONNX, TEXT
from inference.model.build import PublishedModel
from inference.model.session import OnnxBackend

Matrix = NDArray[np.float32]
_STEPS = tuple(np.linspace(0.001, 0.9, 700).tolist())
CURVES: dict[str, Curve] = {
    "platt": LogOddsCurve(-0.2, 1.3, 1.3),
    "beta": LogOddsCurve(0.1, 0.9, 1.6),
    "knots": Knots((0.02, 0.05, 0.0500001, 0.3), (0.0, 0.01, 0.08, 0.4)),
    "many knots": Knots(_STEPS, tuple(np.sort(np.random.default_rng(2).random(700)).tolist())),
    "one knot": Knots((0.1,), (0.2,)),
    "bands": Bands((0.03, 0.08, 0.16), (0.01, 0.05, 0.1, 0.5)),
    "many bands": Bands(_STEPS, tuple(np.random.default_rng(3).random(701).tolist())),
    "one band": Bands((), (0.07,)),
}


@pytest.fixture(scope="module")
def matrix(applications: pl.DataFrame) -> Matrix:
    """The features of 3,000 applications."""
    return feature_set(embedded.DEFINITION).matrix(applications)


@pytest.fixture(scope="module")
def parent(published: PublishedModel) -> bytes:
    """A published forest's ONNX."""
    return (published.directory / ONNX).read_bytes()


def _of_pds() -> bytes:
    """An ONNX model whose one feature is its PD: what somebody else's model may look like."""
    graph = helper.make_graph(
        [helper.make_node("Identity", ["pd"], ["p"])],
        "given",
        [helper.make_tensor_value_info("pd", TensorProto.FLOAT, [None, 1])],
        [helper.make_tensor_value_info("p", TensorProto.FLOAT, [None, 1])],
    )
    return bytes(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 15)], ir_version=8).SerializeToString()
    )


@pytest.mark.parametrize("name", CURVES)
@pytest.mark.parametrize(("shift", "floor"), [(0.0, 0.0), (-0.7, 0.0), (0.4, 0.02)])
def test_the_graph_gives_the_calibrators_pds(
    parent: bytes, matrix: Matrix, name: str, shift: float, floor: float
) -> None:
    calibrator = Calibrator(Method.PLATT, CURVES[name], shift, floor)
    pds = OnnxBackend(parent).predict(matrix).astype(np.float64)
    expected = narrowed(calibrator).pds(pds)
    found = OnnxBackend(compose(parent, calibrator)).predict(matrix)
    assert found.dtype == np.float32
    assert found == pytest.approx(expected, abs=1e-7)
    # One row as many.
    assert OnnxBackend(compose(parent, calibrator)).predict(matrix[:1])[0] == found[0]


@pytest.mark.parametrize("name", CURVES)
def test_ends_and_edges_are_met_exactly(name: str) -> None:
    curve = CURVES[name]
    calibrator = Calibrator(Method.PLATT, curve)
    edges = curve.edges if isinstance(curve, Bands) else curve.scores if isinstance(curve, Knots) else ()
    at = np.array([0.0, 1.0, 1e-7, *edges], dtype=np.float32)
    pds = np.concatenate([at, np.nextafter(at, np.float32(0)), np.nextafter(at, np.float32(1))]).astype(np.float32)
    found = OnnxBackend(compose(_of_pds(), calibrator)).predict(pds[:, None])
    assert found == pytest.approx(narrowed(calibrator).pds(pds.astype(np.float64)), abs=1e-7)


@pytest.mark.parametrize("name", ["platt", "knots", "bands"])
def test_somebody_elses_graph_may_give_float64_in_one_dimension(name: str) -> None:
    graph = helper.make_graph(
        [
            helper.make_node("Cast", ["pd"], ["wide"], to=TensorProto.DOUBLE),
            helper.make_node("Flatten", ["wide"], ["flat"], axis=0),
            helper.make_node("Squeeze", ["flat", "first"], ["p"]),
        ],
        "given",
        [helper.make_tensor_value_info("pd", TensorProto.FLOAT, [None, 1])],
        [helper.make_tensor_value_info("p", TensorProto.DOUBLE, None)],
        [helper.make_tensor("first", TensorProto.INT64, [1], [0])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    pds, calibrator = np.array([0.01, 0.05, 0.2, 0.9], dtype=np.float32), Calibrator(Method.PLATT, CURVES[name], 0.1)
    found = OnnxBackend(compose(model.SerializeToString(), calibrator)).predict(pds[:, None])
    assert found == pytest.approx(narrowed(calibrator).pds(pds.astype(np.float64)), abs=1e-7)


def test_edges_are_those_of_the_decimals_that_scores_are() -> None:
    # As float32, 0.16 is a little less than 0.16, and is 0.16 all the same.
    calibrator = Calibrator(Method.GRADES, Bands((0.16,), (0.0, 1.0)))
    found = OnnxBackend(compose(_of_pds(), calibrator)).predict(np.array([[0.1599999], [0.16]], dtype=np.float32))
    assert found.tolist() == [0.0, 1.0]


def test_scores_that_float32_cannot_tell_apart_become_one() -> None:
    twins = (0.1, 0.1 + 1e-12, 0.2)
    knots = narrowed(Calibrator(Method.ISOTONIC, Knots(twins, (0.0, 0.5, 0.6)))).curve
    assert isinstance(knots, Knots)
    assert knots.pds == (0.5, 0.6)
    bands = narrowed(Calibrator(Method.GRADES, Bands(twins, (0.1, 0.2, 0.3, 0.4)))).curve
    assert isinstance(bands, Bands)
    assert (len(bands.edges), bands.pds) == (2, (0.1, 0.3, 0.4))


def test_a_calibrated_model_is_calibrated_again(parent: bytes, matrix: Matrix) -> None:
    one, two = Calibrator(Method.PLATT, CURVES["platt"]), Calibrator(Method.ISOTONIC, CURVES["knots"], 0.2)
    found = OnnxBackend(compose(compose(parent, one), two)).predict(matrix)
    between = OnnxBackend(compose(parent, one)).predict(matrix).astype(np.float64)
    assert found == pytest.approx(narrowed(two).pds(between), abs=1e-7)


def test_what_leads_nowhere_is_left_out_and_the_graph_is_valid(parent: bytes) -> None:
    model = onnx.load_from_string(compose(parent, Calibrator(Method.PLATT, CURVES["platt"]), {"parent": "champion"}))
    onnx.checker.check_model(model, full_check=True)
    assert [node.op_type for node in model.graph.node].count("Sigmoid") == 1
    assert [each.name for each in model.graph.output] == ["default_probability"]
    assert {each.key: each.value for each in model.metadata_props} == {"parent": "champion"}


def test_what_the_model_does_not_give_cannot_be_composed(parent: bytes) -> None:
    with pytest.raises(ExportError, match="points"):
        compose(parent, Calibrator(Method.PLATT, ScoreCurve(0.0, -0.1)))
    with pytest.raises(ExportError, match="grade"):
        compose(parent, Calibrator(Method.GRADES, Bands((0.5,), (0.1, 0.2), ("A", "B"))))
    old = onnx.load_from_string(_of_pds())
    old.opset_import[0].version = 9
    with pytest.raises(ExportError, match="opset 9"):
        compose(old.SerializeToString(), Calibrator(Method.PLATT, CURVES["platt"]))


def test_contributions_are_the_parents_scaled_and_moved(published: PublishedModel, matrix: Matrix) -> None:
    calibrator = Calibrator(Method.PLATT, CURVES["platt"], 0.35)
    text = Path(published.directory / TEXT).read_text(encoding="utf-8")
    own, parent = ShapleyModel(scaled_text(text, calibrator)), ShapleyModel(text)
    rows = matrix[:50]
    assert own.values(rows) == pytest.approx(1.3 * parent.values(rows), abs=1e-12)
    assert own.base == pytest.approx(1.3 * parent.base - 0.2 + 0.35, abs=1e-12)
    pds = OnnxBackend(compose((published.directory / ONNX).read_bytes(), calibrator)).predict(rows)
    assert own.base + own.values(rows).sum(axis=1) == pytest.approx(logit(pds.astype(np.float64)), abs=2e-6)


def test_a_curve_that_bends_has_no_text(published: PublishedModel) -> None:
    text = (published.directory / TEXT).read_text(encoding="utf-8")
    for calibrator in (
        Calibrator(Method.BETA, CURVES["beta"]),
        Calibrator(Method.ISOTONIC, CURVES["knots"]),
        Calibrator(Method.PLATT, CURVES["platt"], 0.0, 0.001),
    ):
        with pytest.raises(ExportError, match="no line"):
            scaled_text(text, calibrator)
