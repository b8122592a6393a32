"""Edited versions of an applicant: kept by name, compared side by side, shared by link, taken out as files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Self
from urllib.parse import quote_plus

import orjson
import polars as pl
import streamlit as st

from dashboard import cache, state
from dashboard.components.applicant.panel import REFERRED, whose_in_words, word_unknown
from dashboard.components.applicant.standing import Standing
from dashboard.components.applicant.view import ApplicantView, applicant_view
from dashboard.components.files import offer_file
from dashboard.components.table import render_small_table
from dashboard.visit import drafts, links
from dashboard.visit.drafts import NEW, Draft, Scenario
from dashboard.visit.visit import SCENARIOS
from dashboard.words import labels
from dashboard.words.field_words import word_stated
from data.files.spreadsheets import csv_of
from inference.explain.assessment import Assessment, ReferredError
from inference.features.encoding import FeatureSet
from inference.values import Value

FORMAT, VERSION = "scoreroom.scenarios", 1
_NAME = "scenario.name"
# What servers and messengers take without cutting it off, escaped twice.
_LONGEST_ADDRESS = 8_000
# What stands on the screen, beside those that were kept, and what it was before any edit.
_CURRENT, _FILED, _TYPICAL = "On the screen", "As filed", "Typical values"
_HEADS = ("Application", "PD", "PD by", "PD, {}", "Decision", "Risk band")


@dataclass(frozen=True, slots=True)
class Compared:
    """A scenario with its values, and what is said of it: what stands is None where it is referred."""

    name: str
    draft: Draft
    values: Mapping[str, Value]
    judged: Assessment | ReferredError
    standing: Standing | None

    @classmethod
    def of(cls, name: str, view: ApplicantView) -> Self:
        """The application that `view` shows, under a name."""
        return cls(name, view.draft, view.values, view.judged, None if view.referral else view.standing)


def render_scenarios(view: ApplicantView) -> None:
    """Write the tab."""
    kept = state.kept(SCENARIOS)
    with st.container(horizontal=True, vertical_alignment="bottom", gap="small"):
        st.text_input(
            "Save scenario as",
            key=_NAME,
            max_chars=links.LONGEST_NAME,
            width=280,
            placeholder="for example Smaller loan",
        )
        st.button("Save", on_click=_keep, args=(view.draft,), icon=":material/bookmark_add:", key="scenario.keep")
    if not kept:
        st.caption("Change some values, name the result and save it; saved scenarios are compared here.")
    shown = [*_before(view), Compared.of(_CURRENT, view)]
    for scenario in kept:
        _render_kept(view, scenario)
        found = _compared(view, scenario)
        if found is None:
            st.caption(f"Not compared: {word_unknown(view.dataset, scenario.draft)}")
        else:
            shown.append(found)
    if len(shown) > 1:
        table = comparison(shown, view.features)
        _render_comparison(table)
        _render_files(table, shown, view.cutoff)


def _before(view: ApplicantView) -> Iterator[Compared]:
    """The application before any edit, where that is not what stands on the screen."""
    if view.changed:
        found = applicant_view(view.dataset, Draft(view.draft.applicant), view.cutoff)
        if found is not None:
            yield Compared.of(_TYPICAL if view.is_new else _FILED, found)


def _keep(draft: Draft) -> None:
    name = links.clean_name(st.session_state[_NAME])
    if not name:
        state.notify(["Give the scenario a name to save it."])
        return
    replaced = any(kept.name == name and kept.draft != draft for kept in state.kept(SCENARIOS))
    state.keep(SCENARIOS, [Scenario(name, draft)])
    if replaced:
        state.notify([f"The scenario {name} now holds the values on the screen."])
    st.session_state[_NAME] = ""


def _render_kept(view: ApplicantView, scenario: Scenario) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.button(
            labels.plain(scenario.name),
            key=f"scenario.choose.{scenario.name}",
            width="stretch",
            disabled=scenario.draft == view.draft,
            on_click=state.put_draft,
            args=(scenario.draft,),
            help="Show this scenario",
        )
        st.button(
            "Delete",
            key=f"scenario.drop.{scenario.name}",
            on_click=state.drop,
            args=(SCENARIOS, scenario.name),
            icon=":material/delete:",
            type="tertiary",
            help=f"Delete {labels.plain(scenario.name)}",
        )


def _compared(view: ApplicantView, scenario: Scenario) -> Compared | None:
    found = applicant_view(view.dataset, scenario.draft, view.cutoff)
    return None if found is None else Compared.of(scenario.name, found)


def differing(shown: list[Compared], features: FeatureSet) -> list[str]:
    """The model's columns in which scenarios differ, and those that one of them changed, in the order of the table."""
    edited = {name for each in shown for name, _ in each.draft.edits}
    apart = {name for name in features.sources if len({each.values.get(name) for each in shown}) > 1}
    return [name for name in features.definition.by_name if name in edited | apart]


def comparison(shown: list[Compared], features: FeatureSet) -> dict[str, list[str]]:
    """The scenarios side by side in words: what is compared, then a column each."""
    columns = [features.definition.column(name) for name in differing(shown, features)]
    model = cache.model_in_words().removeprefix("the ")
    heads = [*(head.format(model) for head in _HEADS), *(column.label for column in columns)]
    table = {"": heads}
    for each, title in zip(shown, labels.distinct({str(i): c.name for i, c in enumerate(shown)}).values(), strict=True):
        table[title] = [
            each.draft.identifier or NEW,
            *_decided(each),
            *(word_stated(column, each.values.get(column.name), features.definition) for column in columns),
        ]
    return table


def _decided(each: Compared) -> tuple[str, str, str, str, str]:
    """The PD that stands, whose it is, the published model's, decision and risk band in words."""
    standing, judged = each.standing, each.judged
    if standing is None or isinstance(judged, ReferredError):
        none = labels.NOT_DEFINED
        return none, none, none, REFERRED, none
    published = labels.percent(judged.default_probability)
    pd = labels.percent(standing.default_probability)
    return pd, whose_in_words(standing), published, standing.worded_decision, standing.risk_band


def _render_comparison(table: dict[str, list[str]]) -> None:
    rows = ([labels.plain(cell) for cell in row] for row in zip(*table.values(), strict=True))
    with st.container(key="scenario-comparison"):
        render_small_table([labels.plain(name) for name in table], rows, name="")


def _render_files(table: dict[str, list[str]], shown: list[Compared], cutoff: float) -> None:
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        facts = {"scenarios": len(shown)}
        offer_file(
            "Comparison as CSV",
            partial(_csv, table),
            "scenarios.csv",
            "text/csv",
            key="scenarios.csv",
            what="scenarios",
            facts=facts,
        )
        offer_file(
            "Scenarios as JSON",
            partial(_json, shown, cutoff),
            "scenarios.json",
            "application/json",
            key="scenarios.json",
            what="scenarios",
            facts=facts,
        )
        length = sum(len(quote_plus(f"{each.name}{drafts.word_draft(each.draft)}")) for each in shown)
        fits = length <= _LONGEST_ADDRESS
        st.caption(
            "The page's address holds all of them: copy it to share them."
            if fits
            else "Together they are too long for an address to be shared: delete some, or share the file."
        )


def _csv(table: dict[str, list[str]]) -> bytes:
    heads = labels.distinct({"~what": "What"} | {name: name for name in table if name})
    return csv_of(pl.DataFrame({heads[name or "~what"]: values for name, values in table.items()}))


def _as_json(each: Compared) -> dict[str, object]:
    standing, judged = each.standing, each.judged
    return {
        "default_probability": None if standing is None else standing.default_probability,
        "default_probability_by": "" if standing is None else whose_in_words(standing),
        "published_probability": judged.default_probability if isinstance(judged, Assessment) else None,
        "refer_reason": str(judged) if isinstance(judged, ReferredError) else "",
        "warnings": judged.warnings,
    }


def _json(shown: list[Compared], cutoff: float) -> bytes:
    listed = [
        {
            "name": each.name,
            "applicant": each.draft.applicant,
            "edits": dict(each.draft.edits),
            **_as_json(each),
            "cutoff": cutoff,
            "link": drafts.word_draft(each.draft),
        }
        for each in shown
    ]
    return orjson.dumps({"format": FORMAT, "version": VERSION, "scenarios": listed}, option=orjson.OPT_INDENT_2)
