"""Which portfolio is looked at, in a visit's run and in threads that belong to no visit."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial

from dashboard import cache


def test_work_in_another_thread_looks_at_what_was_looked_at_when_it_was_ordered() -> None:
    with ThreadPoolExecutor(1) as pool:
        with cache.at("loans"):
            carried = cache.carried(partial(cache.chosen))
            with cache.at("cards"):
                assert (cache.chosen(), carried()) == ("cards", "loans")
            assert pool.submit(cache.chosen).result() == ""
            assert pool.submit(carried).result() == "loans"
        assert cache.chosen() == ""
        assert pool.submit(carried).result() == "loans"
