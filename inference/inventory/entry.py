"""What is said of a model of the portfolio, and the file that it is kept in."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Self

import orjson

from data.errors import DamageError, ScoreroomError
from data.store.opening import read_bytes
from data.store.signing import check_signed, signed
from data.typed import read_typed
from inference.errors import InferenceError

# The model in service; no other is called that.
CHAMPION = "champion"
FORMAT = 1
_PURPOSE = "scoreroom.model"
# The file's own name for its format, beside the fields of `ModelEntry`.
_FORMAT = "format"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")


class ModelKind(StrEnum):
    """What a model is."""

    LIGHTGBM = "lightgbm"
    SCORECARD = "scorecard"
    IMPORTED = "imported"
    SCORE = "score"
    CALIBRATED = "calibrated"


class InventoryError(InferenceError):
    """A model of the portfolio that cannot be kept, changed or used as asked."""

    @classmethod
    def from_bad_name(cls, name: str) -> Self:
        return cls(
            f"{name[:60]!r} cannot be a model's name; take 1 to 40 letters, digits, hyphens, underscores and dots, the "
            "first a letter or digit."
        )

    @classmethod
    def from_reserved(cls, name: str) -> Self:
        return cls(f"{name!r} always means the model in service; choose another name.")

    @classmethod
    def from_taken(cls, name: str) -> Self:
        return cls(f"There is a model called {name!r} already; choose another name, or delete that model first.")

    @classmethod
    def from_repeated(cls, name: str) -> Self:
        return cls(
            f"With these features and settings {name!r} would be the champion over again; nothing was published; "
            "change one of them."
        )

    @classmethod
    def from_champion(cls, act: str) -> Self:
        return cls(f"The champion cannot be {act}; promote another model first (`python -m scripts.promote NAME`).")

    @classmethod
    def from_scores(cls, name: str, found: str) -> Self:
        return cls(f"The scores of model {name!r} cannot be kept: {found}; nothing was published.")

    @classmethod
    def from_damage(cls, path: Path, reason: str) -> Self:
        return cls(f"{path}: cannot be used ({reason}); delete the model, and train or import it again.")

    @classmethod
    def from_stale(cls, name: str) -> Self:
        return cls(
            f"Model {name!r} was scored on other applications than those at hand and is not used; train or import it "
            "again, or delete it."
        )


class UnknownModelError(InventoryError):
    """A name that no model of the portfolio has."""

    @classmethod
    def from_name(cls, name: str, known: Iterable[str]) -> Self:
        return cls(f"There is no model called {name[:60]!r}; there are {', '.join(known)}.")


@dataclass(frozen=True, slots=True)
class ModelEntry:
    """A model of the portfolio, as lists show it.

    `how` says whose its PDs are: "out of fold" or "as imported". `parent` is the model that it was calibrated from,
    empty for others; `said` is one sentence on how it was made. `n_features` is None where that is not known.
    `data_sha256` is of the application table that it scored. `model` tells models apart by the content of their files
    (`identity`), empty where there are none. `is_stale` says that the applications at hand are others: it is then
    listed, and not used.
    """

    name: str
    kind: ModelKind
    how: str
    said: str
    data_sha256: str
    made_at: str
    parent: str = ""
    n_features: int | None = None
    is_monotone: bool = False
    can_score: bool = False
    can_explain: bool = False
    model: str = ""
    scores_sha256: str = ""
    is_stale: bool = False

    @property
    def is_champion(self) -> bool:
        """Whether it is the model in service."""
        return self.name == CHAMPION

    def to_json(self) -> bytes:
        """The entry as it is stored, signed where a key is in force.

        Raises:
            FileError, SigningKeyError: the key cannot be read.
        """
        told = asdict(replace(self, is_stale=False)) | {_FORMAT: FORMAT}
        return orjson.dumps(signed(told, _PURPOSE), option=orjson.OPT_INDENT_2)

    @classmethod
    def load(cls, path: Path) -> Self:
        """The entry in `path`.

        Raises:
            InventoryError: it is missing, or is not an entry of this format.
            SigningError: it is not signed with the key in force.
        """
        try:
            parsed = orjson.loads(read_bytes(path))
            if not isinstance(parsed, dict) or parsed.get(_FORMAT) != FORMAT:
                raise InventoryError.from_damage(path, f"it is no entry of format {FORMAT}")
            told = check_signed(parsed, _PURPOSE, path)
            del told[_FORMAT]
            return read_typed(cls, told)
        except DamageError as error:
            raise InventoryError.from_damage(path, error.reason) from None
        except ScoreroomError:
            raise
        except (ValueError, TypeError) as error:
            raise InventoryError.from_damage(path, str(error)) from None


def check_name(name: str) -> None:
    """Raise InventoryError unless a model may be called `name`."""
    if not _NAME.fullmatch(name):
        raise InventoryError.from_bad_name(name)
    if name.lower() == CHAMPION:
        raise InventoryError.from_reserved(name)
