"""Modules that Streamlit's page comes to know late."""

from __future__ import annotations

import re
from pathlib import Path

import httpx
import streamlit

from dashboard.server.late_modules import COMPONENT, ELEMENTS, late_modules

FOLDER = Path(streamlit.__file__).parent / "static"


def test_each_element_has_its_module_and_nothing_that_it_imports_is_left_out() -> None:
    names = [path.removeprefix("static/js/") for path in late_modules()]
    assert [element for element in ELEMENTS if sum(name.startswith(f"{element}.") for name in names) != 1] == []
    shell = (FOLDER / "index.html").read_text(encoding="utf-8")
    needed = {
        imported
        for name in names
        for imported in re.findall(r"""from["']\./([^"']+)["']""", (FOLDER / "static" / "js" / name).read_text())
    }
    assert {name for name in needed if name not in shell} <= set(names)
    assert [name for name in names if name in shell] == []


def test_the_server_names_them_in_its_page(address: str) -> None:
    page = httpx.get(address, headers={"accept": "text/html"}, trust_env=False).text
    assert all(f'rel="modulepreload" crossorigin href="/{path}"' in page for path in (*late_modules(), COMPONENT))
    assert httpx.get(f"{address}/{late_modules()[0]}", trust_env=False).status_code == 200
