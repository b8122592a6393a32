"""Scoring as tables: one row, one applicant, the portfolio at once, and the service under load."""

from __future__ import annotations

from collections.abc import Mapping

from scripts.benchmarks.api import GOAL_CONNECTIONS, LEAST_PER_S, MOST_P95_MS, NO_ERRORS_UP_TO
from scripts.benchmarks.report_contenders import render_contenders
from scripts.benchmarks.report_tables import Figures, measured_on, significant, table, times, whole, yes

# The goals.
LEAST_SPEEDUP, MOST_APPLICANT_US = 80, 150
# What the earlier system's report claims of one row.
CLAIMED_PICKLE_MS, CLAIMED_ONNX_MS, CLAIMED_SPEEDUP = 3.73, 0.06, 65
# What each contender is called, and which of ONNX's it is compared with: the one that is given the same.
CONTENDERS = {
    "pickle_us": ("pickled scikit-learn wrapper, NumPy row", "onnx_us"),
    "pickle_one_thread_us": ("the same, one thread", "onnx_us"),
    "pickle_frame_us": ("the same, data frame of one row", "onnx_us"),
    "native_us": ("LightGBM itself, one thread, NumPy row", "onnx_us"),
    "onnx_us": ("ONNX Runtime, NumPy row", "onnx_us"),
    "pickle_record_us": ("pickled scikit-learn wrapper, from values by name", "onnx_record_us"),
    "onnx_record_us": ("ONNX Runtime, from values by name", "onnx_record_us"),
}


def render_inference(figures: Figures) -> str:
    """The tables of what `python -m scripts.benchmark inference --json` wrote."""
    inference = figures["inference"]
    goals, explained = _goals(inference), _explained(inference["seed_shaped"])
    where = f"{measured_on(figures, 'inference')}."
    return "\n\n".join([where, _one_row(inference), goals, explained, _batch(inference["batch"])])


def _one_row(inference: Figures) -> str:
    like, product = inference["seed_shaped"], inference["product"]
    measured = (like, like["different_rows"], product)
    rows = [
        [label, *(cell for figures in measured for cell in _contender(figures, name, base))]
        for name, (label, base) in CONTENDERS.items()
    ]
    shape = f"{like['trees']:,} trees, {like['leaves']} leaves, {like['features']} features as in the report"
    header = [
        "features to PD",
        f"{shape}: one row again and again, µs",
        "times ONNX's",
        f"{like['different_rows']['rows']:,} different rows, µs",
        "times ONNX's",
        f"this project's model, {product['trees']:,} trees: {product['applicants']:,} different rows, µs",
        "times ONNX's",
    ]
    return table(header, rows)


def _contender(figures: Figures, name: str, base: str) -> list[str]:
    if name not in figures:
        return ["", ""]
    return [significant(figures[name]), times(figures[name] / figures[base])]


def _goals(inference: Figures) -> str:
    like, product = inference["seed_shaped"], inference["product"]
    applicant, speedup = product["applicant_us"], like["speedup"]
    rows = [
        [
            "Gain of ONNX over the pickle, one row again and again, model of the report's shape",
            times(speedup),
            f"{LEAST_SPEEDUP}x",
            yes(speedup >= LEAST_SPEEDUP),
        ],
        ["The same from values by name, as a request brings them", times(like["speedup_record"]), "", ""],
        ["The same over different rows", times(like["different_rows"]["speedup"]), "", ""],
        ["The same from values by name, over different rows", times(like["different_rows"]["speedup_record"]), "", ""],
        ["This project's model, over different rows", times(product["speedup"]), "", ""],
        [
            "Raw values to PD, p50 / p95",
            f"{significant(applicant['p50'])} / {significant(applicant['p95'])} µs",
            f"p50 {MOST_APPLICANT_US} µs",
            yes(applicant["p50"] <= MOST_APPLICANT_US),
        ],
        ["Raw values to features, of that", f"{significant(product['features_us'])} µs", "", ""],
    ]
    return table(["", "measured", "goal", "reached"], rows)


def _explained(like: Figures) -> str:
    """Why the gain is not the report's, in figures of both."""
    pickle_ms, onnx_ms = like["pickle_us"] / 1e3, like["onnx_us"] / 1e3
    left = significant(like["pickle_us"] / LEAST_SPEEDUP)
    return (
        f"The report's {CLAIMED_SPEEDUP}x is {CLAIMED_PICKLE_MS} ms over {CLAIMED_ONNX_MS} ms. Here a call of the "
        f"pickle takes {significant(pickle_ms)} ms, which is {times(CLAIMED_PICKLE_MS / pickle_ms)} as fast as "
        f"there, and ONNX Runtime takes {significant(onnx_ms)} ms, {times(CLAIMED_ONNX_MS / onnx_ms)} as fast. "
        f"LightGBM itself needs {significant(like['native_us'])} µs of the pickle's time; the rest is its wrapper. "
        f"A gain of {LEAST_SPEEDUP}x over this pickle would leave ONNX Runtime {left} µs for a row."
    )


def _batch(batch: Figures) -> str:
    rows = [
        [
            threads,
            *(f"{batch[name][threads]['rows_per_s']:,.0f}" for name in ("onnx", "lightgbm")),
            times(speed["rows_per_s"] / batch["lightgbm"][threads]["rows_per_s"]),
            f"{batch['table'][threads]['rows_per_s']:,.0f}",
        ]
        for threads, speed in batch["onnx"].items()
    ]
    header = [
        f"threads, {batch['rows']:,} applications",
        "ONNX Runtime, rows/s",
        "LightGBM, rows/s",
        "times LightGBM's",
        "table to PD, rows/s",
    ]
    return table(header, rows)


def render_api(figures: Figures) -> str:
    """The tables of what `python -m scripts.benchmark api --json` wrote."""
    api = figures["api"]
    sent = f"{api['bodies']:,} different applications of {api['body_bytes']:,} bytes on average"
    how = f"one process of the service, {api['tool']} in another, {sent}"
    rows = [_load(connections, load) for connections, load in _loads(api)]
    header = [
        "connections",
        "requests/s",
        "p50, ms",
        "p95, ms",
        "p99, ms",
        "requests",
        "errors",
        "processor time of the service a request, µs",
        "goal",
        "reached",
    ]
    told = [f"{measured_on(figures, 'api')}, {how}.", table(header, rows)]
    if "several" in api:
        several = api["several"]
        rows = [
            [*_load(connections, load)[:-2], times(load["requests_per_s"] / one["requests_per_s"])]
            for (connections, load), (_, one) in zip(_loads(several), _loads(api), strict=True)
        ]
        header = [*header[:-2], "times one process's requests/s"]
        told += [f"{several['processes']} processes, otherwise the same:", table(header, rows)]
    if "contenders" in api:
        told.append(render_contenders(api["contenders"]))
    return "\n\n".join(told)


def _loads(api: Figures) -> list[tuple[int, Figures]]:
    return sorted((int(name), load) for name, load in api.items() if name.isdecimal())


def _load(connections: int, load: Figures) -> list[str]:
    latencies = (significant(load[name]) for name in ("p50_ms", "p95_ms", "p99_ms"))
    processor = whole(load["server_us"]) if "server_us" in load else ""
    return [
        str(connections),
        f"{load['requests_per_s']:,.0f}",
        *latencies,
        f"{load['requests']:,}",
        f"{load['errors']:,}",
        processor,
        *_goal(connections, load),
    ]


def _goal(connections: int, load: Mapping[str, float]) -> tuple[str, str]:
    goals, met = [], []
    if connections == GOAL_CONNECTIONS:
        goals += [f"{LEAST_PER_S:,} requests/s", f"p95 {MOST_P95_MS} ms"]
        met += [load["requests_per_s"] >= LEAST_PER_S, load["p95_ms"] <= MOST_P95_MS]
    if connections <= NO_ERRORS_UP_TO:
        goals.append("no error")
        met.append(not load["errors"])
    return ", ".join(goals), yes(all(met)) if met else ""
