"""A model's ONNX graph with a calibrator behind its PD, and its trees as text with the calibrated log-odds.

The nodes are of the plain operators alone, in float64, so that they go behind any graph. Where the graph gives its
log-odds (`inference.model.export`), a line on them is taken from there, and nothing is clipped or rounded in between.

A score is looked up among knots or edges in float32, as the graph gave it, in two steps: first among every k-th edge,
then among the k that follow, so that a thousand edges cost two rows of about thirty comparisons.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from inference.calibrating.calibrator import Calibrator
from inference.calibrating.curves import SMALLEST_PD, Bands, Floats, Knots, LogOddsCurve, ScoreCurve, expit, logit
from inference.errors import ExportError
from inference.model.export import OUTPUT

if TYPE_CHECKING:
    import onnx

# Of the operators used here, the youngest takes its bounds as inputs (Clip).
_LEAST_OPSET = 13


def compose(content: bytes, calibrator: Calibrator, metadata: Mapping[str, str] | None = None) -> bytes:
    """The ONNX model `content`, whose first output is a PD, with `calibrator` behind it: same inputs, one output.

    The output is `default_probability`, float32 of the shape that the model's is of.

    Raises:
        ExportError: the calibrator is of a score that the model does not give, or the graph's operators are too old.
    """
    import onnx
    from onnx import TensorProto, helper

    if isinstance(calibrator.curve, Bands) and calibrator.curve.levels:
        raise ExportError.from_node("a grade is not what the model gives")
    model = onnx.load_from_string(content)
    opset = next((each.version for each in model.opset_import if each.domain in ("", "ai.onnx")), 0)
    if opset < _LEAST_OPSET:
        raise ExportError.from_node(f"its operators are of opset {opset}, and a calibration needs {_LEAST_OPSET}")
    graph = model.graph
    given, made = graph.output[0], {name: node for node in graph.node for name in node.output}
    prefix = _free_prefix(made)
    _rename(graph, given.name, f"{prefix}parent")
    steps = _Steps(prefix, _log_odds_behind(given.name, made))
    steps.write(narrowed(calibrator))
    graph.node.extend(steps.nodes)
    graph.initializer.extend(steps.constants)
    told = given.type.tensor_type
    shape = [each.dim_value or None for each in told.shape.dim] if told.HasField("shape") else None
    del graph.output[:]
    graph.output.append(helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, shape))
    _prune(graph)
    if metadata is not None:
        del model.metadata_props[:]
        helper.set_model_props(model, dict(metadata))
    return bytes(model.SerializeToString())


def narrowed(calibrator: Calibrator) -> Calibrator:
    """The calibrator with its knots' or edges' scores as float32, which is what a model's PDs are.

    Of those that become equal, the last stays.
    """
    curve = calibrator.curve
    if isinstance(curve, Knots):
        scores, last = _float32(curve.scores)
        return replace(calibrator, curve=Knots(scores, tuple(np.array(curve.pds)[last].tolist())))
    if isinstance(curve, Bands):
        edges, last = _float32(curve.edges)
        # The band between two equal edges is empty.
        above = np.array(curve.pds[1:])[last].tolist()
        return replace(calibrator, curve=Bands(edges, (curve.pds[0], *above)))
    return calibrator


def scaled_text(text: str, calibrator: Calibrator) -> str:
    """A forest's text, each of whose trees gives the calibrated log-odds' share: a line on log-odds moves its leaves.

    Contributions of the calibrated model are therefore the parent's times the slope, counted from its base on the line.

    Raises:
        ExportError: the calibrator is no line on log-odds.
    """
    import lightgbm as lgb

    curve = calibrator.curve
    if not calibrator.is_affine or not isinstance(curve, LogOddsCurve):
        raise ExportError.from_node("its calibration is no line on the log-odds")
    booster = lgb.Booster(model_str=text)
    move = curve.intercept + calibrator.shift
    for tree in booster.dump_model()["tree_info"]:
        for leaf in range(tree["num_leaves"]):
            value = curve.of_log_pd * booster.get_leaf_output(tree["tree_index"], leaf)
            booster.set_leaf_output(tree["tree_index"], leaf, value + (move if tree["tree_index"] == 0 else 0.0))
    return str(booster.model_to_string())


class _Steps:
    """Nodes and constants that lead from the parent's PD to the calibrated one."""

    def __init__(self, prefix: str, log_odds: str) -> None:
        """Nodes after `{prefix}parent`, whose log-odds are called `log_odds`, empty where the graph has none."""
        self.nodes: list[Any] = []
        self.constants: list[Any] = []
        self._prefix, self._parent, self._given = prefix, f"{prefix}parent", log_odds

    def write(self, calibrator: Calibrator) -> None:
        """Write all of them; the last is called `default_probability`."""
        curve = calibrator.curve
        if isinstance(curve, LogOddsCurve):
            log_odds = self._add(self._log_odds(curve), curve.intercept + calibrator.shift)
            pds = self._node("Sigmoid", log_odds)
        elif isinstance(curve, Bands):
            moved = expit(logit(np.array(curve.pds)) + calibrator.shift)
            pds = self._gather(moved, self._place(curve.edges))
        elif isinstance(curve, ScoreCurve):
            raise ExportError.from_node("a score in points is not what the model gives")
        else:
            pds = self._between(curve)
            if calibrator.shift:
                pds = self._node("Sigmoid", self._add(self._logit(pds), calibrator.shift))
        if calibrator.floor:
            pds = self._node("Max", pds, self._numbers([calibrator.floor]))
        self._cast(pds, "FLOAT", OUTPUT)

    def _log_odds(self, curve: LogOddsCurve) -> str:
        """The slopes' part of a curve's log-odds."""
        if curve.is_affine and self._given:
            return self._node("Mul", self._cast(self._given, "DOUBLE"), self._numbers([curve.of_log_pd]))
        ends = (self._numbers([end], scalar=True) for end in (SMALLEST_PD, 1 - SMALLEST_PD))
        pds = self._node("Clip", self._pds(), *ends)
        of_pd = self._node("Mul", self._node("Log", pds), self._numbers([curve.of_log_pd]))
        of_rest = self._node("Mul", self._node("Log", self._rest(pds)), self._numbers([curve.of_log_rest]))
        return self._node("Sub", of_pd, of_rest)

    def _between(self, curve: Knots) -> str:
        """The PD on the straight line between the knots on either side of the score."""
        scores, pds = np.array(curve.scores), np.array(curve.pds)
        slopes = np.concatenate([[0.0], np.diff(pds) / np.diff(scores), [0.0]])
        place = self._place(curve.scores)
        starts, heights = (np.concatenate([[each[0]], each]) for each in (scores, pds))
        beyond = self._node("Sub", self._pds(), self._gather(starts, place))
        return self._node("Add", self._gather(heights, place), self._node("Mul", self._gather(slopes, place), beyond))

    def _place(self, edges: Sequence[float]) -> str:
        """How many of the rising `edges` the score is at or above, int64 of the score's shape."""
        width = max(math.isqrt(max(len(edges) - 1, 0)) + 1, 1)
        padded = np.full(width * width, np.inf, dtype=np.float32)
        padded[: len(edges)] = edges
        table = padded.reshape(width, width)
        score = self._node("Reshape", self._cast(self._parent, "FLOAT"), self._integers([-1, 1]))
        # Whoever is at or above the first edge of a block is above all of the block before.
        block = self._count(score, self._floats(table[1:, 0])) if width > 1 else None
        within = self._floats(table[0]) if block is None else self._node("Gather", self._floats(table), block)
        place = self._count(score, within)
        if block is not None:
            place = self._node("Add", place, self._node("Mul", block, self._integers([width])))
        # As the score is: of one or of two dimensions.
        return self._node("Reshape", place, self._node("Shape", self._parent))

    def _count(self, score: str, edges: str) -> str:
        """How many edges each score is at or above: (n, 1) and (k) or (n, k) -> (n)."""
        is_above = self._cast(self._node("GreaterOrEqual", score, edges), "INT64")
        return self._node("ReduceSum", is_above, self._integers([1]), keepdims=0)

    def _pds(self) -> str:
        return self._cast(self._parent, "DOUBLE")

    def _logit(self, pds: str) -> str:
        return self._node("Sub", self._node("Log", pds), self._node("Log", self._rest(pds)))

    def _rest(self, pds: str) -> str:
        return self._node("Sub", self._numbers([1.0]), pds)

    def _add(self, value: str, number: float) -> str:
        return self._node("Add", value, self._numbers([number]))

    def _gather(self, table: Floats, place: str) -> str:
        return self._node("Gather", self._numbers(table), place)

    def _cast(self, value: str, dtype: str, name: str = "") -> str:
        from onnx import TensorProto

        return self._node("Cast", value, name=name, to=TensorProto.DataType.Value(dtype))

    def _node(self, operator: str, *inputs: str, name: str = "", **attributes: Any) -> str:
        from onnx import helper

        result = name or f"{self._prefix}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [result], **attributes))
        return result

    def _numbers(self, values: Sequence[float] | Floats, *, scalar: bool = False) -> str:
        table = np.asarray(values, dtype=np.float64)
        return self._constant(table[0] if scalar else table)

    def _floats(self, values: NDArray[np.float32]) -> str:
        return self._constant(values)

    def _integers(self, values: Sequence[int]) -> str:
        return self._constant(np.asarray(values, dtype=np.int64))

    def _constant(self, table: Any) -> str:
        from onnx import numpy_helper

        name = f"{self._prefix}constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(table), name))
        return name


def _free_prefix(names: Iterable[str]) -> str:
    """What no name begins with: a calibrated model may be calibrated again."""
    taken = [*names]
    offered = (f"calibrated{n}_" for n in count(1))
    return next(prefix for prefix in offered if not any(name.startswith(prefix) for name in taken))


def _log_odds_behind(output: str, made: Mapping[str, onnx.NodeProto]) -> str:
    """What the logistic function makes the output of, a cast between them or not; empty where it does not."""
    node = made.get(output)
    if node is not None and node.op_type == "Cast":
        node = made.get(node.input[0])
    return str(node.input[0]) if node is not None and node.op_type == "Sigmoid" else ""


def _rename(graph: onnx.GraphProto, old: str, new: str) -> None:
    """Give a value of the graph another name wherever it stands."""
    for node in graph.node:
        for names in (node.input, node.output):
            for at, name in enumerate(names):
                if name == old:
                    names[at] = new


def _prune(graph: onnx.GraphProto) -> None:
    """Leave out the nodes and constants that nothing leads from to the output."""
    needed, kept = {graph.output[0].name}, []
    for node in reversed(graph.node):
        if needed.intersection(node.output):
            needed.update(node.input)
            # What a node's own graphs read of this one.
            needed.update(_outer(node))
            kept.append(node)
    kept.reverse()
    constants = [each for each in graph.initializer if each.name in needed]
    del graph.node[:], graph.initializer[:]
    graph.node.extend(kept)
    graph.initializer.extend(constants)


def _outer(node: onnx.NodeProto) -> set[str]:
    graphs = [each.g for each in node.attribute if each.HasField("g")]
    graphs += [graph for each in node.attribute for graph in each.graphs]
    return {name for graph in graphs for inner in graph.node for name in {*inner.input, *_outer(inner)}}


def _float32(values: Sequence[float]) -> tuple[tuple[float, ...], NDArray[np.bool_]]:
    """Rising values as float32, each once, and which of those given they are: the last of those that become equal."""
    narrow = np.asarray(values, dtype=np.float32).astype(np.float64)
    last = np.append(narrow[:-1] < narrow[1:], np.ones(min(narrow.size, 1), dtype=bool))
    return tuple(narrow[last].tolist()), last
