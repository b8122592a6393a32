"""Combinations of values that contradict one another although each is allowed by itself.

The rules are the definition's. An application that breaks one is still scored, with a warning beside its PD;
how many real and embedded applications break each is in docs/data.md.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import compress
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from data.definition.conditions import Function, Get, compiled, computed, put_array, put_value
from data.definition.definition import Definition, Rule


def broken_rules(application: Mapping[str, object], definition: Definition) -> tuple[Rule, ...]:
    """The rules that one application breaks; values are numbers and texts that its columns can hold."""
    return tuple(compress(definition.rules, _compiled(definition)(application.get)))


def broken_rules_each(applications: pl.DataFrame, definition: Definition) -> NDArray[np.bool_]:
    """Which rules each row breaks, bool of shape (rows, rules); a column that the table lacks is missing in all."""
    there = set(applications.columns)
    values: dict[str, Any] = {}
    for name in _names(definition):
        if name in there:
            put_array(values, definition, applications[name])
        else:
            put_value(values, definition, name, None)
    holds = np.zeros((applications.height, len(definition.rules)), dtype=np.bool_)
    for place, is_broken in enumerate(_checks(definition)):
        holds[:, place] = is_broken(values)
    return holds


@lru_cache(maxsize=8)
def _names(definition: Definition) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for rule in definition.rules for name in rule.columns))


@lru_cache(maxsize=8)
def _compiled(definition: Definition) -> Callable[[Get], tuple[bool, ...]]:
    return compiled([rule.when for rule in definition.rules], definition)


@lru_cache(maxsize=8)
def _checks(definition: Definition) -> tuple[Function, ...]:
    return tuple(computed(rule.when) for rule in definition.rules)
