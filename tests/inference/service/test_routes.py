"""The addresses are those that the document lists."""

from __future__ import annotations

import httpx
import pytest

from inference.service.routes import PROMOTE, ROUTES, route_of


def test_the_document_lists_them_all(client: httpx.Client) -> None:
    assert set(client.get("/openapi.json").json()["paths"]) == set(ROUTES)


@pytest.mark.parametrize(
    ("path", "route"),
    [
        ("/v1/score", "/v1/score"),
        ("/v1/models", "/v1/models"),
        ("/v1/models/next/champion", PROMOTE),
        (PROMOTE, PROMOTE),
        ("/v1/models//champion", None),
        ("/v1/models/a/b/champion", None),
        ("/v1/models/champion", None),
        ("/v1/models/next/champion/", None),
        ("/v1/other", None),
        ("", None),
    ],
)
def test_a_path_is_that_of_one_address_or_none(path: str, route: str | None) -> None:
    assert route_of(path) == route
