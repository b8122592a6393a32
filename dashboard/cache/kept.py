"""Cache what a function returns until the files behind it change."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import streamlit as st

P = ParamSpec("P")
R = TypeVar("R")


def kept(
    version: Callable[[], str], *, entries: int, is_copied: bool = False, spinner: str | bool = False
) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Cache the last `entries` values of a function by its arguments and by `version()`, which identifies the files.

    The `repr` of an argument must be complete: frozen values, plain mappings and tuples qualify, arrays do not.
    All visits share one value and must not write to it; with `is_copied` each call gets a copy, which takes longer.
    Errors of `version` reach the caller, and nothing is cached.
    """

    def decorate(compute: Callable[P, R]) -> Callable[P, R]:
        # Streamlit leaves arguments with an underscore out of the key; their text stands for them.
        def keep(version: str, key: str, _args: tuple[Any, ...], _kwargs: dict[str, Any]) -> R:  # noqa: ARG001
            return compute(*_args, **_kwargs)

        # Streamlit tells functions apart by these names.
        keep.__module__, keep.__qualname__, keep.__name__ = compute.__module__, compute.__qualname__, compute.__name__
        cache = st.cache_data if is_copied else st.cache_resource
        cached = cache(max_entries=entries, show_spinner=spinner)(keep)

        @functools.wraps(compute)
        def call(*args: P.args, **kwargs: P.kwargs) -> R:
            value: R = cached(version(), repr((args, kwargs)), args, kwargs)
            return value

        return call

    return decorate
