"""Whether an ONNX graph that somebody brings may be run: only known operators on data that it holds itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from inference.bringing.errors import BringingError, listed

if TYPE_CHECKING:
    import onnx

OLDEST_OPSET = 9
_DOMAINS = ("", "ai.onnx", "ai.onnx.ml")
_MOST_NODES = 20_000
# What models of columns are made of. No operator that runs another graph (If, Loop, Scan, SequenceMap), none that draws
# random numbers, and none that makes a tensor of a size that it reads from data.
_OPERATORS = """
Abs Acos Acosh Add And ArgMax ArgMin Asin Asinh Atan Atanh BatchNormalization Cast CastLike Ceil Celu Clip Concat
Constant Cos Cosh CumSum Div Dropout Elu Equal Erf Exp Flatten Floor Gather GatherElements
GatherND Gelu Gemm Greater GreaterOrEqual HardSigmoid HardSwish Identity InstanceNormalization IsInf IsNaN
LayerNormalization LeakyRelu Less LessOrEqual Log LogSoftmax MatMul Max Mean Min Mish Mod Mul Neg Not Or PRelu Pow
Reciprocal ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd ReduceSum
ReduceSumSquare Relu Reshape Round Selu Shape Sigmoid Sign Sin Sinh Size Slice Softmax Softplus Softsign Split Sqrt
Squeeze StringNormalizer Sub Sum Swish Tan Tanh ThresholdedRelu TopK Transpose Trilu Unsqueeze Where Xor
ArrayFeatureExtractor Binarizer CategoryMapper FeatureVectorizer Imputer LabelEncoder LinearClassifier
LinearRegressor Normalizer OneHotEncoder SVMClassifier SVMRegressor Scaler TreeEnsemble TreeEnsembleClassifier
TreeEnsembleRegressor ZipMap
"""
OPERATORS = frozenset(_OPERATORS.split())


def read_graph(content: bytes) -> onnx.ModelProto:
    """The model in `content`, checked; nothing that lies beside it is read.

    Raises:
        BringingError: it is no ONNX model, or holds what is not run here.
    """
    import onnx
    from google.protobuf.message import DecodeError  # type: ignore[import-untyped]

    try:
        model = onnx.load_model_from_string(content)
    except (DecodeError, ValueError, RecursionError):
        raise BringingError("The file is no whole ONNX model (damaged or cut short); export it again.") from None
    check_graph(model)
    return model


def check_graph(model: onnx.ModelProto) -> None:
    """Raise BringingError where a model holds what is not run here."""
    graph = model.graph
    if not graph.node or not graph.output:
        raise BringingError.from_graph("it has no nodes or no output")
    if model.functions or model.training_info:
        raise BringingError.from_graph("it brings functions or training steps of its own")
    if len(graph.node) > _MOST_NODES:
        raise BringingError.from_graph(f"it has {len(graph.node):,} nodes, more than {_MOST_NODES:,}")
    _check_opsets(model)
    _check_operators(graph)
    if graph.sparse_initializer:
        raise BringingError.from_graph("it holds sparse tensors")
    for tensor in _tensors(graph):
        _check_tensor(tensor)
    _check_order(graph)


def _check_opsets(model: onnx.ModelProto) -> None:
    from onnx.defs import onnx_opset_version
    from onnx.helper import VERSION_TABLE

    ml = max(row[3] for row in VERSION_TABLE)
    newest = {"": onnx_opset_version(), "ai.onnx": onnx_opset_version(), "ai.onnx.ml": ml}
    foreign = sorted({opset.domain for opset in model.opset_import} - newest.keys())
    used = {node.domain for node in model.graph.node}
    if own := [domain for domain in foreign if domain in used]:
        raise BringingError.from_graph(f"it uses operators of the domain {listed(own)}, which is not ONNX's own")
    for opset in model.opset_import:
        least = 1 if opset.domain == "ai.onnx.ml" else OLDEST_OPSET
        if opset.domain in newest and not least <= opset.version <= newest[opset.domain]:
            name = opset.domain or "ai.onnx"
            raise BringingError.from_graph(
                f"it is of opset {opset.version} of {name}; {least} to {newest[opset.domain]} are read",
                "export it with one of these (target_opset)",
            )


def _check_operators(graph: onnx.GraphProto) -> None:
    unknown = sorted(
        {
            f"{node.domain}.{node.op_type}" if node.domain not in _DOMAINS else node.op_type
            for node in graph.node
            if node.domain not in _DOMAINS or node.op_type not in OPERATORS
        }
    )
    if unknown:
        raise BringingError.from_graph(f"it uses {listed(unknown)}, which is not among the operators that are run")
    if any(attribute.HasField("g") or attribute.graphs for node in graph.node for attribute in node.attribute):
        raise BringingError.from_graph("a node holds another graph")


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("sparse_tensor") or attribute.sparse_tensors:
                raise BringingError.from_graph("it holds sparse tensors")
            if attribute.HasField("t"):
                yield attribute.t
            yield from attribute.tensors


def _check_tensor(tensor: onnx.TensorProto) -> None:
    """Data beside the file would be read from a path that the file names; sizes that are only claimed are allocated."""
    from onnx import TensorProto
    from onnx.helper import tensor_dtype_to_np_dtype

    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        raise BringingError.from_graph(
            f"its tensor {tensor.name[:60]!r} lies in another file, which is not opened", "save it with all data inside"
        )
    size = math.prod(tensor.dims)
    if any(dim < 0 for dim in tensor.dims) or size > _held(tensor, tensor_dtype_to_np_dtype):
        shape = " x ".join(f"{dim:,}" for dim in tensor.dims)
        raise BringingError.from_graph(f"its tensor {tensor.name[:60]!r} claims {shape} values and does not hold them")


def _held(tensor: onnx.TensorProto, dtype_of: Any) -> int:
    """How many values a tensor can hold at most, by the data in it."""
    if tensor.raw_data:
        try:
            return int(len(tensor.raw_data) // max(dtype_of(tensor.data_type).itemsize, 1))
        except (KeyError, TypeError, ValueError):
            raise BringingError.from_graph(f"its tensor {tensor.name[:60]!r} is of an unknown type") from None
    parts = (tensor.float_data, tensor.int32_data, tensor.string_data, tensor.int64_data, tensor.double_data)
    return max(map(len, (*parts, tensor.uint64_data)))


def _check_order(graph: onnx.GraphProto) -> None:
    """Every node reads what was made before it, so that there is no way round in a circle."""
    made = {"", *(each.name for each in graph.input), *(each.name for each in graph.initializer)}
    for node in graph.node:
        if late := [name for name in node.input if name not in made]:
            raise BringingError.from_graph(
                f"its node {(node.name or node.op_type)[:60]!r} reads {listed(late)!r}, which no node before it makes "
                "(a loop)"
            )
        made.update(node.output)
    if lost := [each.name for each in graph.output if each.name not in made]:
        raise BringingError.from_graph(f"no node makes its output {listed(lost)!r}")
