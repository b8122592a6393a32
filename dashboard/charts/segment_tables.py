"""Segments as tables: one measure as the chart draws it, and all of them."""

from __future__ import annotations

from collections.abc import Sequence

from dashboard.charts.template import Named, Table
from dashboard.metrics.estimate import Estimate
from dashboard.metrics.segments import Measure, Order, Segment, SegmentReport
from dashboard.words import labels

AGAINST_OTHERS, LENDING, INTERVAL = "Against other segments", "Approved applications", "95 %"
DIFFERENCES = (Measure.DIFFERENCE, Measure.CALIBRATION_GAP)
_TABLE_ORDER = (
    Measure.SHARE,
    Measure.DEFAULT_RATE,
    Measure.DIFFERENCE,
    Measure.BAD_RATE,
    Measure.APPROVAL_RATE,
    Measure.MEAN_PD,
    Measure.CALIBRATION_GAP,
    Measure.ROC_AUC,
)


def tabulate_measure(
    report: SegmentReport,
    *,
    measure: Measure,
    order: Order,
    against: Named[SegmentReport] | None,
) -> Table:
    """`measure` of every segment with the ends of its interval as numbers, as the chart draws it."""
    segments = report.ordered(order, measure)
    table: dict[str, Sequence[object]] = {
        "Segment": [segment.name for segment in segments],
        "Applications": [segment.applications for segment in segments],
        **_opens(segments),
        "Defaults": [segment.defaults for segment in segments],
        **_columns(segments, measure),
        AGAINST_OTHERS: [segment.verdict.value for segment in segments],
        LENDING: [segment.lending.value for segment in segments],
    }
    if against is not None:
        by_code = {segment.code: segment for segment in against.value.segments}
        others = [by_code.get(segment.code) for segment in segments]
        table[f"{against.name}: applications"] = [0 if segment is None else segment.applications for segment in others]
        table |= {f"{against.name}: {name}": values for name, values in _columns(others, measure).items()}
    return table


def tabulate_report(
    report: SegmentReport, *, order: Order, measure: Measure, against: Named[SegmentReport] | None = None
) -> Table:
    """Every measure of every segment beside its interval in words; shares in percent, differences in points.

    With `against`, its value of `measure` and the interval of that come last.
    """
    segments = report.ordered(order, measure)
    table: dict[str, Sequence[object]] = {
        "Segment": [segment.name for segment in segments],
        "Applications": [segment.applications for segment in segments],
        **_opens(segments),
    }
    for each in _TABLE_ORDER:
        table[each.value] = _values(segments, each)
        if each not in (Measure.SHARE, Measure.MEAN_PD):
            table[f"{each} {INTERVAL}"] = [_interval(segment.measured(each), each) for segment in segments]
        if each is Measure.DIFFERENCE:
            table[AGAINST_OTHERS] = [segment.verdict.value for segment in segments]
        if each is Measure.BAD_RATE:
            table[LENDING] = [segment.lending.value for segment in segments]
    if against is not None:
        by_code = {segment.code: segment for segment in against.value.segments}
        others = [by_code.get(segment.code) for segment in segments]
        table[f"{against.name}: {measure}"] = _values(others, measure)
        if measure not in (Measure.SHARE, Measure.MEAN_PD):
            table[f"{against.name}: {INTERVAL}"] = [_interval_of(segment, measure) for segment in others]
    return table


def _opens(segments: Sequence[Segment]) -> dict[str, Sequence[object]]:
    """Each segment's applications without an outcome, where there are any."""
    number = [segment.applications - segment.resolved for segment in segments]
    return {labels.OPEN: number} if any(number) else {}


def _values(segments: Sequence[Segment | None], measure: Measure) -> list[float | None]:
    values = [None if segment is None else segment.measured(measure).value for segment in segments]
    return [None if value is None else factor_of(measure) * value for value in values]


def _interval_of(segment: Segment | None, measure: Measure) -> str:
    return labels.NOT_DEFINED if segment is None else _interval(segment.measured(measure), measure)


def _interval(estimate: Estimate, measure: Measure) -> str:
    if estimate.low is None or estimate.high is None:
        return labels.NOT_DEFINED
    factor, digits = factor_of(measure), 2 if is_share(measure) else 3
    return labels.interval(*(labels.decimal(factor * end, digits) for end in (estimate.low, estimate.high)))


def _columns(segments: Sequence[Segment | None], measure: Measure) -> dict[str, list[float | None]]:
    estimates = [None if segment is None else segment.measured(measure) for segment in segments]
    factor = factor_of(measure)
    ends = {"": "value", " from": "low", " to": "high"} if measure is not Measure.MEAN_PD else {"": "value"}
    unit = with_unit(measure).removeprefix(measure)
    return {
        f"{measure}{end}{unit}": [
            None if (value := getattr(estimate, name, None)) is None else factor * value for estimate in estimates
        ]
        for end, name in ends.items()
    }


def factor_of(measure: Measure) -> float:
    """What turns a value of `measure` into the unit in which it is shown."""
    return 100.0 if is_share(measure) else 1.0


def is_share(measure: Measure) -> bool:
    """Whether `measure` is a share, or a difference of two."""
    return measure is not Measure.ROC_AUC


def with_unit(measure: Measure) -> str:
    """The measure's label and its unit."""
    if not is_share(measure):
        return measure.value
    return f"{measure} ({'points' if measure in DIFFERENCES else '%'})"
