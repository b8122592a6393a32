"""What the service does, whatever asks for it: applications in, answers out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import orjson

from data.definition.columns import Column
from data.definition.definition import Definition
from data.files.batch_limits import Limits
from data.files.memory import Hold, hold_nothing
from data.reading.said import NOTHING, Said
from inference.explain.assessment import ReferredError
from inference.explain.explainer import Explanation as Contributions
from inference.explain.reasons import COMBINATION, COMBINATION_LABEL
from inference.explain.reasons import Reason as RankedReason
from inference.inventory.entry import CHAMPION
from inference.model.judgement import DECISION, REFER, RISK_BAND, Judgement, judge, judged
from inference.model.session import ScoringSession
from inference.service.applications import id_of
from inference.service.batches import notices_of, read_applications, score_applications
from inference.service.explanations import Reasoning
from inference.service.schemas import Contribution, Explanation, ModelManifest, Reason, Score, Types
from inference.service.settings import ServiceSettings
from inference.service.shadow import Shadow
from inference.service.tables import TableFormat, read_table, score_table
from inference.service.telemetry import Metrics
from inference.values import Value

# The label of a metric is a text.
NO_BAND = ""


class Service:
    """A session that scores for others; immutable, and safe from many threads at once."""

    def __init__(
        self,
        session: ScoringSession,
        types: Types,
        settings: ServiceSettings,
        metrics: Metrics,
        *,
        name: str = CHAMPION,
        shadow: Shadow | None = None,
    ) -> None:
        """Score with the model called `name`; `shadow` is handed what it scored."""
        self.name = name
        self.session = session
        self._shadow = shadow
        self._types = types
        self.manifest = session.manifest
        self.model_sha256 = session.manifest.files[session.backend].sha256
        self._score_fields = tuple(types.score.model_fields)
        self._most_rows = settings.rows
        self._table_limits = Limits(
            file_bytes=settings.body_bytes, unpacked_bytes=3 * settings.body_bytes, rows=settings.table_rows
        )
        # What others than the champion decide would shift the bands, which tell of applicants.
        self._tell = metrics.count_scored if name == CHAMPION else metrics.count_scored_by_name

    def score(self, application: Mapping[str, Value]) -> Score:
        """PD and decision of one application."""
        found = judge(application, self.session)
        self._cast(application, found)
        return self._answered(application, found)

    def score_to_json(self, application: Mapping[str, Value]) -> bytes:
        """`score` as the JSON of its answer, of an application without categories never seen."""
        found = judge(application, self.session)
        self._cast(application, found)
        answer = self._answer(application, found, notices=[])
        return orjson.dumps({name: answer[name] for name in self._score_fields})

    def score_json(self, body: bytes, hold: Hold = hold_nothing) -> bytes:
        """The answer, as JSON, to a JSON body of applications; `hold` is told the memory that this takes.

        Raises:
            ProblemError: as `read_applications`.
        """
        applications = read_applications(body, self._types, self._most_rows, hold)
        probabilities = score_applications(applications, self.session)
        found = [
            judged(application, pd, self.session, self.manifest.cutoff)
            for application, pd in zip(applications, probabilities.tolist(), strict=True)
        ]
        scores = [
            {"id": id_of(application, self.session.definition), **_as_answer(each)}
            for application, each in zip(applications, found, strict=True)
        ]
        self._count((each.decision, each.risk_band) for each in found)
        for application, each in zip(applications, found, strict=True):
            self._cast(application, each)
        model = {"cutoff": self.manifest.cutoff, "model": self.name, "model_sha256": self.model_sha256}
        return orjson.dumps({**model, "scores": scores, "notices": notices_of(applications, self._types)})

    def score_table(
        self, body: bytes, table_format: TableFormat, hold: Hold = hold_nothing, said: Said = NOTHING
    ) -> tuple[bytes, Sequence[str]]:
        """The answer, as `table_format` says, to a table of applications, and what a reader should know of it.

        `hold` is told the memory that this takes. What is `said` of how the table is written is not guessed.

        Raises:
            ScoreroomError: as `read_table`.
        """
        table = read_table(
            body, table_format, self.session.definition, self.session.features.sources, self._table_limits, hold, said
        )
        scored = score_table(table, self.session)
        self._count(zip(scored[DECISION], scored[RISK_BAND], strict=True))
        if self._shadow is not None:
            self._shadow.take_table(table.applications, scored)
        return table_format.write(scored), table.notices

    def explain(self, application: Mapping[str, Value], reasoning: Reasoning) -> Explanation:
        """PD and decision of one application, what each column adds to the log-odds, and the reasons."""
        try:
            found = reasoning.assess(application, self.session)
        except ReferredError as error:
            referred = Judgement(None, REFER, None, str(error), error.warnings)
            return self._types.explanation(
                **self._answered(application, referred).model_dump(),
                n_compared=reasoning.reference.n_applications,
                principal_reasons=[],
                supports=[],
                base_log_odds=reasoning.explainer.base,
                log_odds=None,
                contributions=[],
            )
        # Scored once: the PD is the assessment's.
        scored = self._answered(
            application, judged(application, found.default_probability, self.session, self.manifest.cutoff)
        )
        assert found.explanation is not None
        reasons = [_reason(each, application, self.session.definition) for each in found.reasons]
        return self._types.explanation(
            **scored.model_dump(),
            n_compared=reasoning.reference.n_applications,
            principal_reasons=reasons if found.is_declined else [],
            supports=[] if found.is_declined else reasons,
            base_log_odds=found.explanation.base,
            log_odds=found.explanation.log_odds,
            contributions=_contributions(found.explanation, application, self.session.definition),
        )

    def describe_model(self, since: datetime) -> ModelManifest:
        """All that is known of the model, in service `since` then."""
        of_session = {name: getattr(self.session, name) for name in ("backend", "fallback_reason")}
        return ModelManifest(
            **of_session, model_sha256=self.model_sha256, in_service_since=since, **asdict(self.manifest)
        )

    def _answered(self, application: Mapping[str, Value], found: Judgement) -> Score:
        return self._types.score(**self._answer(application, found, notices_of([application], self._types)))

    def _answer(self, application: Mapping[str, Value], found: Judgement, notices: Sequence[str]) -> dict[str, Any]:
        self._tell([((found.decision, found.risk_band or NO_BAND), 1)])
        return {
            "id": id_of(application, self.session.definition),
            **_as_answer(found),
            "cutoff": self.manifest.cutoff,
            "model": self.name,
            "model_sha256": self.model_sha256,
            "notices": notices,
        }

    def _cast(self, application: Mapping[str, Value], found: Judgement) -> None:
        if self._shadow is not None:
            self._shadow.take(application, found)

    def _count(self, decided: Iterable[tuple[str, str | None]]) -> None:
        self._tell(Counter((decision, band or NO_BAND) for decision, band in decided).items())


def _as_answer(found: Judgement) -> dict[str, Any]:
    return {
        "default_probability": found.default_probability,
        "decision": found.decision,
        "risk_band": found.risk_band,
        "refer_reason": found.refer_reason or None,
        "warnings": list(found.warnings),
    }


def _contributions(
    found: Contributions, application: Mapping[str, Value], definition: Definition
) -> list[Contribution]:
    ordered = sorted(found.fields.items(), key=lambda each: -abs(each[1]))
    return [
        Contribution(
            field=name,
            label=definition.column(name).label,
            value=_as_stored(definition.column(name), application),
            log_odds=log_odds,
        )
        for name, log_odds in ordered
    ]


def _reason(found: RankedReason, application: Mapping[str, Value], definition: Definition) -> Reason:
    if found.field == COMBINATION:
        return Reason(reason_code=COMBINATION, label=COMBINATION_LABEL, value=None, excess_log_odds=found.excess)
    column = definition.column(found.field)
    value = _as_stored(column, application)
    return Reason(reason_code=found.field, label=column.label, value=value, excess_log_odds=found.excess)


def _as_stored(column: Column, application: Mapping[str, Value]) -> Value:
    """The value of a column, a whole number as one."""
    value = application.get(column.name)
    return int(value) if column.dtype.is_integer() and isinstance(value, float) else value
