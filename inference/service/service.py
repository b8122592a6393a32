"""What the service does, whatever asks for it: applications in, answers out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict

import orjson

from data import schema
from data.batch_limits import Limits
from inference.batch import RISK_BAND
from inference.decision import declines, is_declined, risk_band, risk_bands
from inference.explainer import Explanation as Contributions
from inference.reasons import COMBINATION, COMBINATION_LABEL
from inference.reasons import Reason as RankedReason
from inference.scoring import APPROVE, DECISION, DECLINE
from inference.service.batches import id_of, notices_of, read_applications, score_applications
from inference.service.explanations import Reasoning
from inference.service.schemas import Contribution, Explanation, ModelManifest, Reason, Score
from inference.service.settings import ServiceSettings
from inference.service.tables import TableFormat, read_table, score_table
from inference.service.telemetry import Metrics
from inference.session import ScoringSession
from inference.values import Value


class Service:
    """A session that scores for others; safe from many threads at once."""

    def __init__(self, session: ScoringSession, settings: ServiceSettings, metrics: Metrics) -> None:
        self.session = session
        self.manifest = session.manifest
        self.model_sha256 = session.manifest.files[session.backend].sha256
        self._most_rows = settings.rows
        self._table_limits = Limits(
            file_bytes=settings.body_bytes, unpacked_bytes=3 * settings.body_bytes, rows=settings.table_rows
        )
        self._metrics = metrics
        metrics.name_model(session, self.model_sha256)

    def score(self, application: Mapping[str, Value]) -> Score:
        """PD and decision of one application."""
        return self._decided(application, self.session.score(application))

    def score_json(self, body: bytes) -> bytes:
        """The answer, as JSON, to a JSON body of applications.

        Raises:
            ProblemError: as `read_applications`.
        """
        applications = read_applications(body, self._most_rows)
        probabilities = score_applications(applications, self.session)
        declined = is_declined(probabilities, self.manifest.cutoff)
        bands = risk_bands(probabilities, self.manifest.band_edges)
        decisions = [DECLINE if each else APPROVE for each in declined.tolist()]
        scores = [
            {"id": id_of(application), "default_probability": pd, "decision": decision, "risk_band": band}
            for application, pd, decision, band in zip(
                applications, probabilities.tolist(), decisions, bands.tolist(), strict=True
            )
        ]
        self._count(decisions, bands.tolist())
        model = {"cutoff": self.manifest.cutoff, "model_sha256": self.model_sha256}
        return orjson.dumps({**model, "scores": scores, "notices": notices_of(applications)})

    def score_table(self, body: bytes, table_format: TableFormat) -> tuple[bytes, Sequence[str]]:
        """The answer, in the same format, to a table of applications, and what a reader should know of it.

        Raises:
            DataError: as `read_table`.
        """
        table = read_table(body, table_format, self.session.features.sources, self._table_limits)
        scored = score_table(table, self.session)
        self._count(scored[DECISION].to_list(), scored[RISK_BAND].to_list())
        return table_format.write(scored), table.notices

    def explain(self, application: Mapping[str, Value], reasoning: Reasoning) -> Explanation:
        """PD and decision of one application, what each column adds to the log-odds, and the reasons."""
        found = reasoning.assess(application, self.session)
        # Scored once: the PD is the assessment's.
        scored = self._decided(application, found.default_probability)
        assert found.explanation is not None
        reasons = [_reason(each, application) for each in found.reasons]
        return Explanation(
            **scored.model_dump(),
            n_compared=reasoning.reference.n_applications,
            principal_reasons=reasons if found.is_declined else [],
            supports=[] if found.is_declined else reasons,
            base_log_odds=found.explanation.base,
            log_odds=found.explanation.log_odds,
            contributions=_contributions(found.explanation, application),
        )

    def describe_model(self) -> ModelManifest:
        """All that is known of the model."""
        of_session = {name: getattr(self.session, name) for name in ("backend", "fallback_reason")}
        return ModelManifest(**of_session, model_sha256=self.model_sha256, **asdict(self.manifest))

    def _decided(self, application: Mapping[str, Value], pd: float) -> Score:
        declined = declines(pd, self.manifest.cutoff)
        band = risk_band(pd, self.manifest.band_edges)
        self._count([DECLINE if declined else APPROVE], [band])
        return Score(
            id=id_of(application), default_probability=pd, decision="decline" if declined else "approve",
            risk_band=band, cutoff=self.manifest.cutoff, model_sha256=self.model_sha256,
        )  # fmt: skip

    def _count(self, decisions: Sequence[str], bands: Sequence[str]) -> None:
        self._metrics.count_scored(Counter(zip(decisions, bands, strict=True)).items())


def _contributions(found: Contributions, application: Mapping[str, Value]) -> list[Contribution]:
    ordered = sorted(found.fields.items(), key=lambda each: -abs(each[1]))
    return [
        Contribution(
            field=name, label=schema.column(name).label, value=_as_stored(name, application), log_odds=log_odds
        )
        for name, log_odds in ordered
    ]  # fmt: skip


def _reason(found: RankedReason, application: Mapping[str, Value]) -> Reason:
    if found.field == COMBINATION:
        return Reason(reason_code=COMBINATION, label=COMBINATION_LABEL, value=None, excess_log_odds=found.excess)
    label = schema.column(found.field).label
    value = _as_stored(found.field, application)
    return Reason(reason_code=found.field, label=label, value=value, excess_log_odds=found.excess)


def _as_stored(name: str, application: Mapping[str, Value]) -> Value:
    """The value of a column, a whole number as one."""
    value = application.get(name)
    is_whole = schema.column(name).dtype.is_integer()
    return int(value) if is_whole and isinstance(value, float) else value
