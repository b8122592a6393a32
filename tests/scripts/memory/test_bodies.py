from __future__ import annotations

import io
import json

import polars as pl
import pyarrow.parquet as pq

from scripts.memory.bodies import BODIES, MEGABYTE

MADE = {body.name: body for body in BODIES}
FRAME = pl.DataFrame({"SK_ID_CURR": range(1_000), "AMT_CREDIT": [1.5] * 1_000})


def test_each_body_has_a_name_of_its_own() -> None:
    assert len(MADE) == len(BODIES)


def test_a_parquet_file_has_the_row_groups_of_its_name() -> None:
    content = MADE["Parquet, 900 row groups"].make(FRAME)
    assert pq.ParquetFile(io.BytesIO(content)).metadata.num_row_groups == 900


def test_json_bodies_are_what_they_are_called() -> None:
    rows = json.loads(MADE["JSON, 10,000 applications"].make(FRAME))["applications"]
    assert rows == FRAME.to_dicts()
    assert MADE["JSON, 90 MB of brackets"].make(FRAME).count(b"[") == 90 * MEGABYTE
