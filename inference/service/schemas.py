"""What the scoring service is sent, besides tables, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, create_model

from data.definition.columns import Kind
from data.definition.definition import Definition
from data.store.records import FileRecord
from inference.features.choice import FeatureChoice
from inference.model.artifact import DefinitionRecord, FeatureRecord
from inference.service.applications import application_type, example_of, next_example
from inference.values import Value

_Model = TypeVar("_Model", bound=BaseModel)


class ScoreRequest(BaseModel):
    """One application."""

    model_config = ConfigDict(extra="forbid")

    application: dict[str, Value]


class BatchRequest(BaseModel):
    """Many applications; the order of the answer is theirs."""

    model_config = ConfigDict(extra="forbid")

    applications: list[dict[str, Value]] = Field(min_length=1)


class ScoredApplication(BaseModel):
    """What is decided of one application."""

    id: int | str | None = Field(description="Its own id, null where none was given.")
    default_probability: float | None = Field(
        ge=0, le=1, description="Probability of default, a float32 number; null where referred."
    )
    decision: Literal["approve", "decline", "refer"] = Field(
        description="Declined at and above the cutoff; referred, and not scored, where too little is known."
    )
    risk_band: str | None = Field(
        description="A the safest; each band about twice as risky as the one before; null where referred."
    )
    refer_reason: str | None = Field(description="Why it is not scored, in one sentence; null unless referred.")
    warnings: list[str] = Field(
        description="Values that contradict one another; the application is scored all the same."
    )


class Scored(BaseModel):
    """What every answer with a score says of the model."""

    cutoff: float = Field(ge=0, le=1, description="PD at and above which an application is declined.")
    model: str = Field(description="Name of the model that scored, `champion` unless another one was asked for.")
    model_sha256: str = Field(description="Digest of the model file that scored.")
    notices: list[str] = Field(description="Sentences on what is doubtful, such as categories never seen; often none.")


class Score(Scored, ScoredApplication):
    """The answer for one application."""


class BatchScore(Scored):
    """The answer for many applications."""

    scores: list[ScoredApplication] = Field(description="One for each application, in the order sent.")


class Contribution(BaseModel):
    """What one raw column adds to the log-odds of default."""

    field: str = Field(description="Column of the application table.")
    label: str = Field(description="The column in words.")
    value: Value = Field(description="Its value in this application, null where missing.")
    log_odds: float = Field(description="What it adds; above 0 it raises the PD.")


class Reason(BaseModel):
    """A column that sets this application apart from those that the cutoff only just approves."""

    reason_code: str = Field(
        description="Column of the application table, or COMBINATION for what no column explains by itself."
    )
    label: str = Field(description="The column in words.")
    value: Value = Field(description="Its value in this application, null where missing and for a combination.")
    excess_log_odds: float = Field(description="What it adds to the log-odds beyond the mean of those.")


class Reasons(BaseModel):
    """Why an application is declined, or what keeps it approved; neither where it is referred."""

    n_compared: int = Field(description="How many just approved applications it is compared with.")
    principal_reasons: list[Reason] = Field(description="Of a declined application, up to 4, the strongest first.")
    supports: list[Reason] = Field(description="Of an approved application, up to 3, the strongest first.")


class Explanation(Score, Reasons):
    """A score and what it is made of."""

    base_log_odds: float = Field(description="What contributions are counted from, the mean over the training rows.")
    log_odds: float | None = Field(
        description="The base and all contributions; the PD is 1 / (1 + exp(-log_odds)). Null where referred."
    )
    contributions: list[Contribution] = Field(
        description="Of every column behind the model, the largest first; none where referred."
    )


class Live(BaseModel):
    """The process answers."""

    status: Literal["live"]


class RefusedModel(BaseModel):
    """What was published and could not be taken up; the model before it stays in service."""

    at: datetime = Field(description="When loading it failed.")
    reason: str = Field(description="Why, and what to do.")


class Ready(BaseModel):
    """Applications are scored."""

    model_config = ConfigDict(protected_namespaces=())

    status: Literal["ready"]
    model_sha256: str = Field(description="Digest of the model file that scores.")
    in_service_since: datetime = Field(description="When this process began to score with it.")
    refused: RefusedModel | None = Field(
        description="The last attempt to load what is published now, if it failed; null if it succeeded."
    )
    key_file: Literal["read", "damaged"] | None = Field(
        description="Whether the file of keys could be read when it last changed; null without one."
    )
    backend: str = Field(description="Model file that scores.")
    fallback_reason: str = Field(description="Why it is not model.onnx; empty where it is.")
    explanations: Literal["loading", "ready", "unavailable"] = Field(description="Whether /v1/explain answers.")


class Sufficiency(BaseModel):
    """What has to be known: all of `required`, one of `one_of`, and of `counted` all but `most_lacking` columns."""

    required: list[str]
    one_of: list[str]
    counted: list[str]
    most_lacking: int


class ModelManifest(BaseModel):
    """All that is known of the published model, and which of its files scores."""

    model_config = ConfigDict(from_attributes=True, protected_namespaces=())

    backend: str = Field(description="Model file that scores.")
    fallback_reason: str = Field(description="Why it is not model.onnx; empty where it is.")
    model_sha256: str = Field(description="Digest of the model file that scores.")
    in_service_since: datetime = Field(description="When this process began to score with it.")
    schema_version: int = Field(description="Version of the manifest's own form.")
    product_version: str = Field(description="Version of Scoreroom that published the model.")
    training_data_sha256: str = Field(description="Digest of the application table that it was trained on.")
    seed: int = Field(description="Seed of the folds and of the training.")
    settings: dict[str, Any] = Field(description="Settings of the training.")
    features: list[FeatureRecord] = Field(description="What the model sees, in order, with the columns behind it.")
    features_sha256: str = Field(description="Digest of the features' definitions.")
    directions: dict[str, int] = Field(description="Columns with which the PD may only rise (1) or only fall (-1).")
    libraries: dict[str, str] = Field(description="Versions of the libraries that took part.")
    metrics: dict[str, float] = Field(description="Of out-of-fold predictions (oof_) and of the export (parity_).")
    cutoff: float = Field(description="PD at and above which an application is declined.")
    band_edges: list[float] = Field(description="PDs from each of which the next risk band begins.")
    sufficiency: Sufficiency = Field(description="What has to be known of an application for it to be scored.")
    definition: DefinitionRecord = Field(description="Name and digest of the definition that the model is for.")
    levers: list[str] = Field(description="Columns that an applicant or an officer can change.")
    first_later: str = Field(description="First period kept apart from training; empty where there is none.")
    files: dict[str, FileRecord] = Field(description="Digest and bytes of each published file.")
    choice: FeatureChoice = Field(description="Features of the definition that the model does not see.")


class ListedModel(BaseModel):
    """A model of the portfolio that can score."""

    model_config = ConfigDict(protected_namespaces=())

    name: str = Field(description="What `model` asks for it by.")
    kind: str = Field(description="What it is: lightgbm, scorecard, imported, calibrated.")
    model_sha256: str = Field(description="Digest of the model file that scores.")
    since: datetime = Field(description="When it began to score here (the champion), or when it was made.")
    is_champion: bool = Field(description="Whether it answers where none is asked for.")
    is_shadow: bool = Field(description="Whether it scores beside the champion, unseen by callers.")
    n_features: int | None = Field(description="Features that it sees; null where it does not say.")
    explains: bool = Field(description="Whether /v1/explain answers for it.")


class ModelFault(BaseModel):
    """A model of the portfolio that cannot be used."""

    name: str = Field(description="Its name.")
    reason: str = Field(description="Why, and what to do.")


class ModelList(BaseModel):
    """The models that can be asked for, and those that cannot be used."""

    models: list[ListedModel] = Field(description="The champion first, then by name.")
    faults: list[ModelFault] = Field(description="What is wrong with others; often none.")


class Promoted(BaseModel):
    """Which model is in service now."""

    model_config = ConfigDict(protected_namespaces=())

    promoted: str = Field(description="Name by which the model was known until now.")
    model_sha256: str = Field(description="Digest of the model file that scores now.")
    in_service_since: datetime = Field(description="When this process began to score with it.")
    everywhere: bool = Field(description="Whether all processes of the service answer with it already.")


@dataclass(frozen=True)
class Types:
    """The types that depend on the definition that is open, made once for it.

    Each is called as the type it narrows; `application` checks one application.
    """

    definition: Definition
    score_request: type[ScoreRequest]
    batch_request: type[BatchRequest]
    score: type[Score]
    batch_score: type[BatchScore]
    explanation: type[Explanation]
    application: TypeAdapter[dict[str, Value]]

    @classmethod
    def of(cls, definition: Definition) -> Self:
        """The types for the applications of a definition's table."""
        application, example = application_type(definition), example_of(definition)
        is_whole = definition.column(definition.id).dtype.is_integer()
        told = Field(description=f"Its {definition.id}, null where none was given.")
        own_id: Any = {"id": (int | None if is_whole else str | None, told)}
        scored = _narrowed(ScoredApplication, own_id)
        return cls(
            definition,
            _narrowed(ScoreRequest, {"application": (application, ...)}, [{"application": example}]),
            _narrowed(
                BatchRequest,
                {"applications": (list[application], Field(min_length=1))},  # type: ignore[valid-type]
                [{"applications": [example, next_example(definition)]}],
            ),
            _narrowed(Score, own_id),
            _narrowed(BatchScore, {"scores": (list[scored], BatchScore.model_fields["scores"])}),  # type: ignore[valid-type]
            _narrowed(Explanation, own_id),
            TypeAdapter(application),
        )

    @cached_property
    def levels(self) -> Mapping[str, frozenset[str]]:
        """The known levels of each category."""
        columns = self.definition.columns
        return {column.name: frozenset(column.levels) for column in columns if column.kind is Kind.CATEGORY}


def _narrowed(base: type[_Model], fields: Mapping[str, Any], examples: list[Any] | None = None) -> type[_Model]:
    """`base` with some fields of other types, under the same name."""
    extra: dict[str, Any] = {"json_schema_extra": {"examples": examples}} if examples else {}
    made: Any = create_model(base.__name__, __base__=base, __doc__=base.__doc__, __cls_kwargs__=extra, **fields)
    narrowed: type[_Model] = made
    return narrowed
