"""The house's rules, read off the imports: who may know whom, and which library is met where."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from data.definition.reading import read_definition
from data.home_credit import HOME_CREDIT_TOML
from data.settings import ROOT

PACKAGES = ("data", "inference", "dashboard", "scripts")
FILES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
EMBEDDED_COLUMNS = set(read_definition(HOME_CREDIT_TOML).by_name)
TESTS = sorted((ROOT / "tests").rglob("*.py"))

# Packages whose every module has a test file of its name, and why some modules have none.
TESTED = PACKAGES
UNTESTED = {
    "dashboard.components.report_making": "clicked through by tests/browser/test_report.py",
    "dashboard.components.saved_reports": "clicked through by tests/browser/test_report.py",
    "dashboard.components.unobserved": "shown by tests/inference/publishing/test_imported.py",
    "dashboard.follow.slots": "a value, worded by tests/dashboard/follow/test_tables.py",
    "scripts.benchmarks.contenders_bentoml": "runs in an environment of its own",
    "scripts.benchmarks.contenders_fastapi": "runs in an environment of its own",
    "scripts.benchmarks.contenders_mlserver": "runs in an environment of its own",
    "scripts.benchmarks.floor_server": "starts a server for the benchmark, and does nothing else",
    "scripts.benchmarks.observed_dashboard": "started by the profiles that test_profile_performance takes",
    "scripts.benchmarks.profiling_scoring": "run by test_profile_performance",
    "scripts.check_refusals": "run by tests/dashboard/server/test_lookups.py",
    "scripts.container_check": "needs a container tool",
    "scripts.memory.dashboard": "a study of minutes",
    "scripts.memory.service": "a study of minutes",
    "scripts.study_scorecard": "its reference is what tests/inference/scorecard/test_training.py compares with",
    "scripts.screenshots": "writes pictures for a person to look at",
}

# Which packages of the project each package may import besides itself.
MAY_IMPORT = {
    "data": set(),
    "inference": {"data"},
    "dashboard": {"data", "inference"},
    "scripts": {"data", "inference", "dashboard"},
}
# Inside the dashboard, each layer may import those before it; its other modules are shared words and values.
LAYERS = (
    "dashboard.metrics",
    "dashboard.charts",
    "dashboard.components",
    "dashboard.app_pages",
    "dashboard.app",
    "dashboard.server",
)
SCREEN = (
    "dashboard.app",
    "dashboard.app_pages",
    "dashboard.cache",
    "dashboard.choice",
    "dashboard.components",
    "dashboard.server",
    "dashboard.state",
)
# A command makes an applicant's paper of the pieces that the page is made of.
MAY_ALSO_IMPORT = {"scripts.report": "dashboard.components.applicant"}
# Where a library may be imported at all.
ONLY_IN = {
    # The benchmark's floor app is a screen too, the least that there can be; a visit speaks Streamlit's messages.
    "streamlit": (*SCREEN, "scripts.benchmarks", "scripts._visitor", "scripts.offline.journeys"),
    "plotly": ("dashboard.charts", "dashboard.components.figure"),
    "matplotlib": ("dashboard.charts.marks", "dashboard.charts.vector", "dashboard.report.paper_pdf"),
    "typst": ("dashboard.report.paper_pdf",),
    # What a brought graph says itself is asked of it in a process of its own.
    "onnxruntime": ("inference.model.session", "inference.bringing.readers"),
    # What the service is compared with are services too.
    "fastapi": ("inference.service", "scripts.benchmarks.contenders_fastapi"),
    "starlette": ("inference.service", "dashboard.server", "scripts.benchmarks.contenders_mlserver"),
    "uvicorn": ("inference.serving", "scripts.benchmarks.contenders_fastapi"),
    "prometheus_client": ("inference.service",),
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def _parsed(path: Path) -> ast.Module:
    # In a thread of its own: Playwright's greenlets, where another test opened a browser in this one, confuse Python
    # 3.11's count of how deep its parser is.
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(ast.parse, path.read_text(encoding="utf-8")).result()


@cache
def imports(path: Path, *, top_level_only: bool = False) -> tuple[str, ...]:
    tree = _parsed(path)
    nodes = tree.body if top_level_only else ast.walk(tree)
    found: list[str] = []
    for node in nodes:
        if isinstance(node, ast.Import):
            found += (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            found += (f"{node.module}.{alias.name}" for alias in node.names)
    return tuple(found)


def room(module: str) -> str:
    return ".".join(module.split(".")[:2])


def is_in(module: str, place: str) -> bool:
    return module == place or module.startswith(f"{place}.")


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_packages_import_downwards_only(path: Path) -> None:
    own = module_name(path).split(".")[0]
    tops = {name.split(".")[0] for name in imports(path)} & set(PACKAGES)
    assert tops - {own} <= MAY_IMPORT[own]


@pytest.mark.parametrize("package", PACKAGES)
def test_no_circle_between_the_rooms_of_a_package(package: str) -> None:
    """A room is a package's folder, or a module beside its folders."""
    knows: dict[str, set[str]] = {}
    for path in FILES:
        own = room(module_name(path))
        if is_in(own, package):
            known = {room(name) for name in imports(path) if is_in(name, package)}
            knows.setdefault(own, set()).update(known - {own, package})
    TopologicalSorter(knows).prepare()  # raises a CycleError that names the circle


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_dashboard_layers_import_downwards_only(path: Path) -> None:
    module = module_name(path)
    rank = next((i for i, layer in enumerate(LAYERS) if is_in(module, layer)), None)
    above = LAYERS[rank + 1 :] if rank is not None else ("dashboard.app", "dashboard.app_pages", "dashboard.components")
    beside = MAY_ALSO_IMPORT.get(module, module)
    assert [
        name for name in imports(path) if any(is_in(name, layer) for layer in above) and not is_in(name, beside)
    ] == []


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_libraries_are_met_only_where_they_belong(path: Path) -> None:
    module = module_name(path)
    for library, places in ONLY_IN.items():
        if any(is_in(name, library) for name in imports(path)):
            assert any(is_in(module, place) for place in places), f"{module} imports {library}"


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_lightgbm_is_imported_at_import_time_by_training_alone(path: Path) -> None:
    if module_name(path) != "inference.model.training":
        assert [name for name in imports(path, top_level_only=True) if is_in(name, "lightgbm")] == []


def test_metrics_know_frames_where_they_count_alone() -> None:
    knowing = [
        module_name(path)
        for path in (ROOT / "dashboard" / "metrics").glob("*.py")
        if any(is_in(name, "polars") for name in imports(path))
    ]
    assert [name for name in knowing if not name.endswith("counts")] == []


@pytest.mark.parametrize("path", FILES, ids=module_name)
def test_no_column_of_the_embedded_portfolio_is_named_outside_its_own_folder(path: Path) -> None:
    if is_in(module_name(path), "data.home_credit"):
        return
    texts = {node.value for node in ast.walk(_parsed(path)) if isinstance(node, ast.Constant)}
    assert texts & EMBEDDED_COLUMNS == set()


def test_every_module_has_a_test_file_of_its_own_name() -> None:
    """A leading underscore of a module is left out in the name of its tests."""
    untested = set()
    for path in FILES:
        module = module_name(path)
        if path.stem != "__init__" and any(is_in(module, package) for package in TESTED):
            beside = ROOT / "tests" / path.relative_to(ROOT).with_name(f"test_{path.stem.lstrip('_')}.py")
            if not beside.exists():
                untested.add(module)
    assert untested == set(UNTESTED)


def test_no_caching_outside_the_cache() -> None:
    caching = [
        module_name(path)
        for path in FILES
        if "st.cache_" in path.read_text(encoding="utf-8") and not is_in(module_name(path), "dashboard.cache")
    ]
    assert caching == []


def test_a_filter_is_met_by_rows_that_hold_its_columns() -> None:
    """What takes a filter's expression takes the frame from `Predictions.holding`, which has every column it names."""
    lacking = [
        f"{module_name(path)}.{function.name}"
        for path in FILES
        if is_in(module_name(path), "dashboard")
        for function in ast.walk(_parsed(path))
        if isinstance(function, ast.FunctionDef)
        and {"expression", "frame"} <= (used := {n.attr for n in ast.walk(function) if isinstance(n, ast.Attribute)})
        and "holding" not in used
    ]
    assert lacking == []


@pytest.mark.parametrize("module", ["dashboard.app", "inference.model.session", "inference.service.server"])
def test_importing_what_is_served_loads_nothing_heavy(module: str) -> None:
    heavy = {"lightgbm", "matplotlib", "pandas", "sklearn", "typst"}
    program = f"import sys, {module}; print(*sorted({heavy} & set(sys.modules)))"
    shown = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == ""


@pytest.mark.parametrize("package", PACKAGES)
def test_libraries_are_kept_from_reporting_before_any_is_loaded(package: str) -> None:
    quiet = {
        "ORT_DISABLE_TELEMETRY": "1",
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "false",
        "ARROW_TRACING_BACKEND": "",
    }
    program = (
        f"import os, sys, {package}; print({{name: os.environ[name] for name in {list(quiet)}}}); "
        "print({'onnxruntime', 'streamlit', 'pyarrow'} & set(sys.modules))"
    )
    reporting = {
        "ORT_DISABLE_TELEMETRY": "0",
        "STREAMLIT_BROWSER_GATHER_USAGE_STATS": "true",
        "ARROW_TRACING_BACKEND": "otlp_http",
    }
    shown = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env={**os.environ, **reporting},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == f"{quiet}\nset()\n"


def test_no_test_loads_onnx_runtime_by_itself() -> None:
    naming = [path for path in TESTS if "onnxruntime" in path.read_text(encoding="utf-8")]
    assert [path for path in naming if any(is_in(name, "onnxruntime") for name in imports(path))] == []


def test_no_file_hides_a_package_or_a_standard_module() -> None:
    dashboard = {path.stem for path in (ROOT / "dashboard").rglob("*.py")} - {"__init__"}
    scripts = {path.stem for path in (ROOT / "scripts").glob("*.py")} - {"__init__"}
    assert dashboard & set(PACKAGES) == set()
    assert scripts & set(sys.stdlib_module_names) == set()
