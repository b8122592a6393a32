"""A stranger's ONNX graph behind the one contract that is served: `features` float32 (rows, features) -> a PD a row.

What feeds its inputs and what is taken of its outputs becomes part of the graph, so that whoever scores needs to know
neither.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from inference.bringing.errors import BringingError, UnsaidError, listed
from inference.bringing.words import check_words, ones_of
from inference.model.export import INPUT, OUTPUT

if TYPE_CHECKING:
    import onnx

# What is called so is the stranger's, so that no name meets one that is added.
_GIVEN = "given_"
# A graph of operators for tables alone may name no version of the others.
_OPSET = 15
_TEXT, _WHOLE = "text", "whole number"
_KINDS = {1: "number", 11: "number", 6: _WHOLE, 7: _WHOLE, 8: _TEXT}
_DTYPES: Mapping[int, Any] = {1: np.float32, 11: np.float64, 6: np.int32, 7: np.int64}


@dataclass(frozen=True, slots=True)
class Input:
    """An input of a graph: its name, ONNX's number of its type, and how many columns it takes.

    `width` is None where it takes as many as it is given. `is_flat` says that it takes a column as (rows,).
    """

    name: str
    type: int
    width: int | None
    is_flat: bool = False

    @property
    def is_text(self) -> bool:
        return _KINDS[self.type] == _TEXT

    @property
    def is_whole(self) -> bool:
        return _KINDS[self.type] == _WHOLE


@dataclass(frozen=True, slots=True)
class Output:
    """An output that may hold PDs: its values on some rows, float64 (rows, k), and what its columns stand for."""

    name: str
    values: NDArray[np.float64]
    labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Choice:
    """The output that holds the PD, and the column of it; None where it has only one."""

    output: str
    column: int | None


def inputs_of(model: onnx.ModelProto) -> tuple[Input, ...]:
    """What a graph takes: one matrix, or columns by name.

    Raises:
        BringingError: it takes something else.
    """
    held = {each.name for each in model.graph.initializer}
    found = [each for each in model.graph.input if each.name not in held]
    read = tuple(_input(each, is_alone=len(found) == 1) for each in found)
    if not read:
        raise BringingError.from_graph("it has no inputs")
    if len(read) > 1 and (wide := [each.name for each in read if each.width not in (1, None)]):
        raise BringingError.from_graph(
            f"its input {listed(wide)} takes several columns beside other inputs",
            "export it with one matrix or with an input a column",
        )
    return read


def _input(value: onnx.ValueInfoProto, *, is_alone: bool) -> Input:
    kind = value.type.tensor_type
    name = value.name[:60]
    if not value.type.HasField("tensor_type") or kind.elem_type not in _KINDS:
        from onnx import TensorProto

        said = TensorProto.DataType.Name(kind.elem_type) if kind.elem_type else "something else than a tensor"
        raise BringingError.from_graph(
            f"its input {name!r} takes {said}", "export it with float, double, int64, int32 or string inputs"
        )
    dims = kind.shape.dim
    if kind.HasField("shape") and len(dims) not in (1, 2):
        raise BringingError.from_graph(f"its input {name!r} has {len(dims)} dimensions, not rows and columns")
    if dims and dims[0].HasField("dim_value") and dims[0].dim_value > 0:
        raise BringingError.from_graph(
            f"its input {name!r} takes {dims[0].dim_value:,} rows at a time and no other number",
            "export it with a free number of rows",
        )
    if len(dims) == 1:
        return Input(value.name, kind.elem_type, 1, is_flat=True)
    has_width = len(dims) == 2 and dims[1].dim_value > 0
    return Input(value.name, kind.elem_type, dims[1].dim_value if has_width else None if is_alone else 1)


def feeds(
    inputs: Sequence[Input], matrix: NDArray[np.float32], places: Sequence[int], levels: Mapping[int, Sequence[str]]
) -> dict[str, NDArray[Any]]:
    """What each input is given for the rows of a feature matrix, column i of the model at `places[i]`.

    Raises:
        BringingError: a value is missing or has a fraction where the input takes whole numbers.
    """
    if is_matrix(inputs):
        (only,) = inputs
        given = matrix[:, list(places)]
        _check_whole(only, given)
        return {only.name: given.astype(_DTYPES[only.type])}
    result: dict[str, NDArray[Any]] = {}
    for each, place in zip(inputs, places, strict=True):
        column = matrix[:, place]
        if each.is_text:
            words = np.array([*levels[place], ""], dtype=object)
            given = words[np.where(column >= 0, column, len(words) - 1).astype(np.int64)]
        else:
            _check_whole(each, column)
            given = column.astype(_DTYPES[each.type])
        result[each.name] = given if each.is_flat else given.reshape(-1, 1)
    return result


def is_matrix(inputs: Sequence[Input]) -> bool:
    """Whether the inputs are one matrix rather than columns by name."""
    return len(inputs) == 1 and inputs[0].width != 1


def _check_whole(given: Input, values: NDArray[np.float32]) -> None:
    if given.is_whole and np.isnan(values).any():
        raise BringingError.from_graph(
            f"its input {given.name[:60]!r} takes whole numbers, but some applications lack the value",
            "export it with a float input, which can be missing",
        )
    if given.is_whole and (values != np.floor(values)).any():
        raise BringingError.from_graph(
            f"its input {given.name[:60]!r} takes whole numbers, but some applications have fractions, which would be "
            "cut off",
            "export it with a float input",
        )


def check_texts(
    model: onnx.ModelProto,
    inputs: Sequence[Input],
    matrix: NDArray[np.float32],
    places: Sequence[int],
    levels: Mapping[int, Sequence[str]],
) -> None:
    """Raise BringingError where the graph's encoders hold other words than those that its inputs are given."""
    known = set(_encoded(model))
    texts = [(each.name, place) for each, place in zip(inputs, places, strict=False) if each.is_text]
    for name, place in texts if known else ():
        others = {word for _, other in texts if other != place for word in levels[other]}
        check_words(name, known, levels[place], matrix[:, place], "", others)


def _encoded(model: onnx.ModelProto) -> Iterator[str]:
    """The words that encoders in a graph tell apart."""
    for node in model.graph.node:
        for attribute in node.attribute:
            if attribute.name in ("cats_strings", "keys_strings"):
                yield from (each.decode(errors="replace") for each in attribute.strings)


def outputs_of(model: onnx.ModelProto, results: Mapping[str, Any], n_rows: int) -> tuple[Output, ...]:
    """The outputs that hold numbers a row, by what the graph gave for `n_rows` rows."""
    makers = {name: node for node in model.graph.node for name in node.output}
    return tuple(_numbers(name, given, makers) for name, given in results.items() if _may_hold_pds(given, n_rows))


def _may_hold_pds(given: Any, n_rows: int) -> bool:
    if isinstance(given, list):
        return len(given) == n_rows > 0 and isinstance(given[0], dict)
    return bool(given.dtype in (np.float32, np.float64) and given.ndim in (1, 2) and len(given) == n_rows)


def _numbers(name: str, given: Any, makers: Mapping[str, onnx.NodeProto]) -> Output:
    if isinstance(given, list):
        labels = list(given[0])
        values = np.array([[row[label] for label in labels] for row in given], dtype=np.float64)
        return Output(name, values, tuple(map(str, labels)))
    table = np.asarray(given, dtype=np.float64)
    table = table.reshape(len(table), -1)
    labels = _labels(makers.get(name))
    return Output(name, table, tuple(labels) if len(labels) == table.shape[1] else ())


def _labels(node: onnx.NodeProto | None) -> list[str]:
    """The classes that a node's columns stand for, where it says them."""
    for attribute in node.attribute if node else ():
        if attribute.name in ("classlabels_int64s", "classlabels_ints", "classlabels_strings"):
            return [str(each) for each in attribute.ints] or [
                each.decode(errors="replace") for each in attribute.strings
            ]
    return []


def choose(outputs: Sequence[Output], wanted: str = "") -> Choice:
    """Where the PD is: the output and column that `wanted` names (NAME or NAME/CLASS), else the only one that may be.

    Raises:
        UnsaidError: several may be, or `wanted` names none.
        BringingError: none may be.
    """
    if not outputs:
        raise BringingError.from_graph("none of its outputs is a number a row", "export its probabilities too")
    name, _, part = wanted.rpartition("/") if "/" in wanted else (wanted, "", "")
    found = [each for each in outputs if each.name == name or not wanted]
    # A name may hold the sign that a class is named after.
    whole = [each for each in outputs if each.name == wanted]
    if whole:
        found, part = whole, ""
    if len(found) != 1:
        offered = listed([f"--output {option}" for each in outputs for option in _options(each)])
        raise UnsaidError(
            f"There is no output {wanted[:60]!r}; say one of {offered}."
            if wanted
            else f"Several outputs may hold the probability of a default; say which: {offered}."
        )
    (output,) = found
    return Choice(output.name, _column(output, part))


def _options(output: Output) -> Iterator[str]:
    width = output.values.shape[1]
    for at in range(min(width, 3)) if width > 1 else ():
        yield f"{output.name}/{output.labels[at] if output.labels else at}"
    if width == 1:
        yield output.name


def _column(output: Output, part: str) -> int | None:
    width = output.values.shape[1]
    if width == 1 and not part:
        return None
    if part in output.labels:
        return output.labels.index(part)
    if part.isdecimal() and int(part) < width and not output.labels:
        return int(part)
    ones = ones_of(output.labels)
    if not part and width == 2 and (len(ones) == 1 or not output.labels):
        return ones[0] if ones else 1
    offered = listed([f"--output {option}" for option in _options(output)])
    raise UnsaidError(
        f"Output {output.name[:60]!r} has {width:,} columns, and which of them is the probability of a default is not "
        f"said; say it with {offered}."
    )


def picked(output: Output, choice: Choice) -> NDArray[np.float64]:
    """The PDs in an output's values, shape (rows,)."""
    return output.values[:, choice.column or 0]


def adapted(
    model: onnx.ModelProto,
    places: Sequence[int],
    levels: Mapping[int, Sequence[str]],
    choice: Choice,
    n_features: int,
) -> bytes:
    """The graph with feeding and choice inside, serialised."""
    import onnx
    from onnx import TensorProto, helper

    result = onnx.ModelProto()
    result.CopyFrom(model)
    graph = result.graph
    _rename(graph)
    steps = _Steps()
    inputs = inputs_of(model)
    if is_matrix(inputs):
        (only,) = inputs
        taken = INPUT if list(places) == list(range(n_features)) else steps.gather(INPUT, list(places))
        whole, n_whole = taken if only.is_whole else "", len(places)
        steps.give(taken, _GIVEN + only.name, only.type)
    else:
        wholes = [place for each, place in zip(inputs, places, strict=True) if each.is_whole]
        whole, n_whole = steps.gather(INPUT, wholes) if wholes else "", len(wholes)
        for each, place in zip(inputs, places, strict=True):
            column = steps.gather(INPUT, [place])
            column = steps.words(column, levels[place]) if each.is_text else column
            if each.is_flat:
                column = steps.add("Reshape", [column, steps.constant(np.array([-1]))])
            steps.give(column, _GIVEN + each.name, each.type)
    last = _Steps("last_")
    taken = _before_map(graph, _GIVEN + choice.output)
    if choice.column is not None:
        taken = last.gather(taken, [choice.column])
    if whole:
        taken = last.where_whole(whole, n_whole, last.add("Cast", [taken], to=TensorProto.FLOAT))
    last.nodes.append(helper.make_node("Cast", [taken], [OUTPUT], to=TensorProto.FLOAT))
    nodes = [*steps.nodes, *(node for node in graph.node if node.op_type != "ZipMap"), *last.nodes]
    held = [*graph.initializer, *steps.held, *last.held]
    given = helper.make_tensor_value_info(INPUT, TensorProto.FLOAT, [None, n_features])
    wanted = helper.make_tensor_value_info(OUTPUT, TensorProto.FLOAT, None)
    result.graph.CopyFrom(helper.make_graph(nodes, "probability_of_default", [given], [wanted], held))
    if not any(opset.domain in ("", "ai.onnx") for opset in result.opset_import):
        result.opset_import.append(helper.make_opsetid("", _OPSET))
    return bytes(result.SerializeToString())


def _rename(graph: onnx.GraphProto) -> None:
    for node in graph.node:
        for names in (node.input, node.output):
            # An empty name is an input that is left out.
            names[:] = [_GIVEN + name if name else "" for name in names]
    for tensor in graph.initializer:
        tensor.name = _GIVEN + tensor.name


def _before_map(graph: onnx.GraphProto, output: str) -> str:
    """The tensor behind an output: that which a ZipMap makes a dictionary a row of, else the output itself."""
    return next((node.input[0] for node in graph.node if node.op_type == "ZipMap" and output in node.output), output)


class _Steps:
    """Nodes that are added to a graph, with the constants they need."""

    def __init__(self, part: str = "") -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.held: list[onnx.TensorProto] = []
        self._part = part

    def add(self, operator: str, inputs: Sequence[str], **attributes: Any) -> str:
        from onnx import helper

        name = f"step_{self._part}{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], **attributes))
        return name

    def constant(self, values: NDArray[Any]) -> str:
        from onnx import TensorProto, helper, numpy_helper

        name = f"step_{self._part}held_{len(self.held)}"
        if values.dtype == object:
            tensor = helper.make_tensor(name, TensorProto.STRING, values.shape, [each.encode() for each in values])
        else:
            tensor = numpy_helper.from_array(values, name)
        self.held.append(tensor)
        return name

    def gather(self, table: str, columns: Sequence[int]) -> str:
        return self.add("Gather", [table, self.constant(np.array(columns, dtype=np.int64))], axis=1)

    def words(self, codes: str, levels: Sequence[str]) -> str:
        """The level of each code, an empty text where it is missing or none of them."""
        from onnx import TensorProto

        other = self.constant(np.array(len(levels), dtype=np.float32))
        is_level = self.add("Greater", [codes, self.constant(np.array(-0.5, dtype=np.float32))])
        place = self.add("Cast", [self.add("Where", [is_level, codes, other])], to=TensorProto.INT64)
        return self.add("Gather", [self.constant(np.array([*levels, ""], dtype=object)), place], axis=0)

    def where_whole(self, given: str, n_given: int, found: str) -> str:
        """`found`, a number a row, NaN in rows where one of the `n_given` columns is missing or has a fraction.

        Cast to a whole number such a value would be another one, or a number that means nothing.
        """
        # The sum of the fractions is 0 where all are whole; a missing value makes it NaN. All opsets have these.
        fractions = self.add("Sub", [given, self.add("Floor", [given])])
        ones = self.constant(np.ones((n_given, 1), dtype=np.float32))
        total = self.add("MatMul", [fractions, ones])
        nan, zero = (self.constant(np.array(value, dtype=np.float32)) for value in (np.nan, 0.0))
        wrong = self.add("Where", [self.add("Greater", [total, zero]), nan, total])
        return self.add("Add", [found, self.add("Reshape", [wrong, self.add("Shape", [found])])])

    def give(self, name: str, to: str, kind: int) -> None:
        """Call `name` what an input of the graph is called, in the input's type."""
        from onnx import TensorProto, helper

        if kind == TensorProto.STRING:
            self.nodes.append(helper.make_node("Identity", [name], [to]))
        else:
            self.nodes.append(helper.make_node("Cast", [name], [to], to=kind))
