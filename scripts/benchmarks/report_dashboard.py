"""The dashboard's and the applicant's benchmark as tables, each figure beside what is to be reached."""

from __future__ import annotations

from scripts.benchmarks.report_tables import (
    Figures,
    measured_on,
    p50_and_p95,
    percentile_cells,
    table,
    whole,
    yes,
)

MOST_EDIT_MS, MOST_BATCH_S = 300, 15.0
ANSWERS = {
    "counterfactual_ms": ("What would change the decision", 300),
    "neighbours_ms": ("The 200 most similar", 150),
    "explain_ms": ("Contributions of one application", None),
}
# The largest p95 of each interaction in ms; beside it, but for a page switch, at most so many times the floor's.
MOST_MS = {"cutoff": 300, "filter": 300, "tab": 300, "applicant": 300, "model": 300, "page": 500, "compare": 500}
MOST_FLOORS, NOT_OF_FLOOR = 3.0, ("page", "compare")
MOST_SERVER_MS = 60
MOST_CONCURRENT_MS = 1_000
MOST_RATIO = 1.5
# Of the cutoff dragged: frames a second with a new number, and the size of the table by cutoff.
LEAST_FRAMES, MOST_TABLE_KB = 30, 100
# The largest of single figures: what it is called, its unit, and the goal where there is one.
SINGLE = {
    "healthy_s": ("Process start to healthy", "s", 2.0),
    "cold_start_s": ("Process start to the first page painted, first start", "s", 4.0),
    "second_start_s": ("The same, later starts (median)", "s", 4.0),
    "rss_mb": ("Memory of the server, loaded and each interaction done once", "MB", 700.0),
    "rss_after_1000_mb": ("Memory after all interactions", "MB", 700.0),
}
# First pages of a server that has shown some, and how many times the floor app's they may take.
FIRST_PAGES = {
    "cold_s": ("First page painted, from the navigation, a new visitor", 2.0),
    "warm_s": ("First page painted, from the navigation, a returning visitor", 1.3),
}


def render_dashboard(figures: Figures) -> str:
    """The tables of what `python -m scripts.benchmark dashboard --json` wrote."""
    parts = [_measured(figures, "dashboard", figures), _interactions(figures), _single(figures), _parts(figures)]
    if "scale10" in figures:
        parts.append(_scaled(figures["scale10"]))
    return "\n\n".join(parts)


def render_applicant(figures: Figures) -> str:
    """The tables of what `python -m scripts.benchmark applicant --json` wrote."""
    times = figures["applicant"]
    return "\n\n".join([_measured(figures, "applicant", times), _edits(times), _answers(times)])


def _measured(figures: Figures, section: str, of_section: Figures) -> str:
    rows, browser = of_section["rows"], of_section["browser"]
    return f"{measured_on(figures, section)} over {rows:,} applications in Chromium {browser}."


def _interactions(figures: Figures) -> str:
    floor = figures["floor_ms"]
    rows = [["floor app", "", *percentile_cells(floor), "1.0", "", "", ""]]
    for name, times in figures["interactions"].items():
        server, floors = figures["server_ms"][name], times["p95"] / floor["p95"]
        met = times["p95"] <= MOST_MS[name] and (name in NOT_OF_FLOOR or floors <= MOST_FLOORS)
        rows.append(
            [
                name,
                str(times["n"]),
                *percentile_cells(times),
                f"{floors:.1f}",
                _goal(name),
                yes(met),
                f"{p50_and_p95(server)} ({yes(server['p95'] <= MOST_SERVER_MS)})",
            ]
        )
    header = [
        "interaction",
        "n",
        "painted p50, ms",
        "p95, ms",
        "p95, times the floor's",
        "goal",
        "reached",
        f"script run p50 / p95, ms, at most {MOST_SERVER_MS}",
    ]
    return table(header, rows)


def _goal(name: str) -> str:
    floors = "" if name in NOT_OF_FLOOR else f", {MOST_FLOORS:g} floors"
    return f"{MOST_MS[name]} ms{floors}"


def _single(figures: Figures) -> str:
    rows = [
        [label, f"{figures[name]:,} {unit}", f"{most:,g} {unit}", yes(figures[name] <= most)]
        for name, (label, unit, most) in SINGLE.items()
        if name in figures
    ]
    first = figures.get("first_page", {})
    for name, (label, most_floors) in FIRST_PAGES.items():
        if first:
            floors = first[name] / first["floor_s"]
            measured = f"{first[name]:.2f} s, {floors:.2f} times the floor's"
            rows.append([label, measured, f"{most_floors:g} times", yes(floors <= most_floors)])
    for readers, times in figures.get("concurrent", {}).items():
        worded = f"{p50_and_p95(times)} ms, errors: {times['errors']}"
        label = f"{readers} readers at once, painted p50 / p95"
        if "rss_mb" in times:
            # How long each waits says how many browsers the machine draws at once, and nothing of the server.
            rows.append([f"{label}, for {times['seconds']:,} s", worded, "no error", yes(not times["errors"])])
            rows.append(["Memory of the server meanwhile", f"{_series(times)} MB", "not growing", ""])
            continue
        met = times["p95"] <= MOST_CONCURRENT_MS and not times["errors"]
        rows.append([label, worded, f"p95 {MOST_CONCURRENT_MS:,} ms, no error", yes(met)])
    if "drag" in figures:
        rows += _drag(figures["drag"])
    if "memory" in figures:
        label = f"Memory on the way, over {figures['memory']['interactions']:,} interactions"
        rows.append([label, f"{_series(figures['memory'])} MB", "not growing", ""])
    return table(["", "measured", "goal", "reached"], rows)


def _series(weighed: Figures) -> str:
    return ", ".join(f"{megabytes:,}" for megabytes in weighed["rss_mb"])


def _drag(drag: Figures) -> list[list[str]]:
    frames, size = drag["frames_per_s"], drag["table_kb"]
    told = f"{frames:g} of {1e3 / drag['mean_ms']:.0f}, late (over 50 ms): {drag['late']} of {drag['frames']}"
    label = f"The cutoff dragged, frames/s with a new number; {drag['positions']} positions compared"
    goal = f"{LEAST_FRAMES} frames/s"
    return [
        [label, told, goal, yes(frames >= LEAST_FRAMES)],
        ["Its table by cutoff, gzip", f"{size:g} kB", f"{MOST_TABLE_KB} kB", yes(size <= MOST_TABLE_KB)],
    ]


def _parts(figures: Figures) -> str:
    columns = {
        "sent": "message sent",
        "changed": "new number shown",
        "received": "last answer in",
        "settled": "run over",
        "painted": "painted",
        "late": "charts drawn later",
        "drawn_p95": "p95 with those",
    }
    rows = [
        [name, *(_cell(times.get(column), is_count=column == "late") for column in columns)]
        for name, times in figures["parts_ms"].items()
    ]
    return table(["median ms after the click", *columns.values()], rows)


def _scaled(scaled: Figures) -> str:
    rows = [
        [
            name,
            *percentile_cells(times),
            f"{times['ratio']:.2f}",
            yes(times["ratio"] <= MOST_RATIO),
            p50_and_p95(times["server_ms"]),
        ]
        for name, times in scaled["interactions"].items()
    ]
    header = [
        f"{scaled['rows']:,} applications",
        "painted p50, ms",
        "p95, ms",
        "p50, times the usual portfolio's",
        f"at most {MOST_RATIO:g}",
        "script run p50 / p95, ms",
    ]
    text = table(header, rows)
    if "load_s" in scaled:
        text += (
            f"\n\nFrom the process's start to the first page painted: {scaled['load_s']:.1f} s "
            f"({scaled['usual_load_s']:.1f} s for the usual portfolio). Memory of the server after all this: "
            f"{scaled['rss_mb']:,} MB, at its peak {scaled['peak_mb']:,} MB."
        )
    return text


def _edits(figures: Figures) -> str:
    floor = figures["floor_ms"]
    rows = [["floor app", "", *percentile_cells(floor), "", "", ""]]
    for name, times in figures["interactions"].items():
        server = figures["server_ms"][name]
        rows.append(
            [
                name,
                str(times["n"]),
                *percentile_cells(times),
                f"{MOST_EDIT_MS} ms",
                yes(times["p95"] <= MOST_EDIT_MS),
                p50_and_p95(server),
            ]
        )
    header = ["applicant's page", "n", "painted p50, ms", "p95, ms", "goal", "reached", "script run p50 / p95, ms"]
    return table(header, rows)


def _answers(figures: Figures) -> str:
    rows = []
    for name, (label, most) in ANSWERS.items():
        times = figures[name]
        worded = f"{times['p50']:.1f} / {times['p95']:.1f} / {times['max']:.1f} ms"
        goal, met = ("", "") if most is None else (f"{most} ms", yes(times["max"] <= most))
        rows.append([f"{label}, p50 / p95 / largest of {times['n']}", worded, goal, met])
    changes, batch = figures["counterfactual_ms"], figures["batch"]
    without = f"{changes['without']} of {changes['n']}"
    rows.append(["Declined applications for which no change is found", without, "", ""])
    label = f"{batch['rows']:,} applications as CSV, read and scored with reasons"
    met = yes(batch["seconds"] <= MOST_BATCH_S)
    rows.append([label, f"{batch['seconds']:.1f} s", f"{MOST_BATCH_S:g} s", met])
    rows.append(["Memory of that, at its peak (before)", f"{batch['peak_mb']:,} ({batch['loaded_mb']:,}) MB", "", ""])
    return table(["", "measured", "goal", "reached"], rows)


def _cell(value: float | None, *, is_count: bool) -> str:
    if value is None:
        return ""
    return str(value) if is_count else whole(value)
