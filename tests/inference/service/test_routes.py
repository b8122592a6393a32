"""The addresses are those that the document lists."""

from __future__ import annotations

import httpx

from inference.service.routes import ROUTES


def test_the_document_lists_them_all(client: httpx.Client) -> None:
    assert set(client.get("/openapi.json").json()["paths"]) == set(ROUTES)
