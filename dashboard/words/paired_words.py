"""What a comparison of two models says, in sentences."""

from __future__ import annotations

from collections.abc import Callable

from dashboard.metrics.estimate import Estimate
from dashboard.metrics.paired_comparison import Better, PairedComparison, PairedFigure
from dashboard.metrics.paired_reasons import ReasonAgreement
from dashboard.metrics.paired_segments import SegmentDifferences
from dashboard.metrics.paired_swap import Swap, SwapSet
from dashboard.words import labels
from dashboard.words.money import money, money_in_units

DIGITS = {"brier": 5, "log_loss": 5}


def word_figure(figure: PairedFigure) -> Callable[[float], str]:
    """How a value of the figure is written."""
    digits = DIGITS.get(figure.name, 4)
    return lambda value: labels.decimal(value, digits)


def word_difference(figure: PairedFigure) -> str:
    """The difference with its sign and interval."""
    found, word = figure.difference, word_figure(figure)
    if found.value is None:
        return found.explanation
    value = signed(found.value, word)
    return value if found.low is None or found.high is None else f"{value} ({_ends(found, word)})"


def signed(value: float, word: Callable[[float], str]) -> str:
    """A difference in words, with its sign."""
    return f"+{word(value)}" if value > 0 else word(value)


def ranking_verdict(comparison: PairedComparison) -> str:
    """Which model ranks better, by how much, and how sure that is."""
    one, two = comparison.names
    found = comparison.auc_difference
    if found.value is None:
        return f"Which of {one} and {two} ranks better cannot be told: {found.reason}."
    if not found.value and found.low == found.high == 0:
        return f"The applications are ranked by {two} exactly as by {one}."
    better, worse = (two, one) if found.value > 0 else (one, two)
    size = labels.decimal(abs(found.value), 4)
    if found.low is None or found.high is None:
        return f"The AUC of {better} is {size} higher than that of {worse}; how sure that is cannot be told."
    ends = _ends(_turned(found), lambda value: labels.decimal(value, 4))
    if found.low <= 0 <= found.high:
        return f"The AUC of {better} is {size} higher than that of {worse}, which chance may explain ({ends})."
    return f"By AUC, {better} ranks better than {worse}, by {size} ({ends})."


def pd_verdict(comparison: PairedComparison) -> str:
    """Whose PDs are closer to what happened; empty where scores are no PDs or no outcome is known."""
    figure = comparison.figure("brier")
    found = figure.difference
    if found.value is None:
        return ""
    one, two = comparison.names
    if not figure.is_sure:
        return "Chance may explain which model's PDs are closer to what happened (Brier score)."
    better, worse = (two, one) if found.value < 0 else (one, two)
    return f"The PDs of {better} are closer to what happened than those of {worse} (Brier score)."


def swap_verdict(swap: SwapSet, names: tuple[str, str], currency: str = "") -> str:
    """Who would be approved instead of whom, how both repaid, and what that earns."""
    into, out = swap.of(Swap.IN), swap.of(Swap.OUT)
    if not into.n_rows and not out.n_rows:
        return f"Every application is decided by {names[1]} as by {names[0]}: nobody is swapped."
    sentences = [
        f"{_people(into.n)} would be swapped in (approved by {names[1]} alone){_rate(into.default_rate)}; "
        f"{_people(out.n)} would be swapped out (approved by {names[0]} alone){_rate(out.default_rate)}."
    ]
    sentences += [_rates_apart(swap.rate_difference), _gain(swap.gain, names, currency)]
    return " ".join(filter(None, sentences))


def segments_verdict(found: SegmentDifferences, names: tuple[str, str], titles: Callable[[str], str]) -> str:
    """In which segments the models surely differ, the clearest first."""
    if not found.compared:
        return "No segment holds enough defaults and non-defaults to compare the models in it."
    sure = [each for each in found.segments if each.difference.low is not None and _leaves_out_0(each.difference)]
    if not sure:
        return f"In none of {labels.plural(found.compared, 'segment')} do the models rank differently beyond chance."
    first = sure[0]
    value = first.difference.value or 0.0
    better = names[1] if value > 0 else names[0]
    return (
        f"In {len(sure)} of {labels.plural(found.compared, 'segment')} the models rank differently beyond chance, most "
        f"clearly in “{first.name}” of {titles(first.column)}: there {better} has an AUC that is "
        f"{labels.decimal(abs(value), 3)} higher."
    )


def reasons_verdict(found: ReasonAgreement, title_of: Callable[[str], str]) -> str:
    """How often the two models give a declined applicant the same strongest reason, and what stands in for what."""
    first = found.declined.first
    if first.value is None:
        return ""
    sentence = (
        f"Of {labels.plural(found.declined.n, 'application')} that either declines and both name a field for, "
        f"{labels.brief_percent(first.value)} have the same strongest reason under both"
    )
    if not found.stand_ins:
        return f"{sentence}."
    one, two = (title_of(name) for name in (found.stand_ins[0].one, found.stand_ins[0].two))
    return f"{sentence}; where they differ, the commonest pair over all applications is “{one}” against “{two}”."


def is_for_second(figure: PairedFigure) -> bool | None:
    """Whether the second model is surely better in a figure, None where neither is."""
    if not figure.is_sure or figure.difference.value is None:
        return None
    if figure.better in (Better.HIGHER, Better.LOWER):
        return (figure.difference.value > 0) == (figure.better is Better.HIGHER)
    right = 0.0 if figure.better is Better.ZERO else 1.0
    if figure.one.value is None or figure.two.value is None:
        return None
    return abs(figure.two.value - right) < abs(figure.one.value - right)


def _people(number: float) -> str:
    return labels.plural(number, "applicant")


def _rate(rate: Estimate) -> str:
    return "" if rate.value is None else f", of whom {labels.brief_percent(rate.value)} defaulted"


def _rates_apart(apart: Estimate) -> str:
    if apart.value is None or apart.low is None or apart.high is None:
        return ""
    if apart.low <= 0 <= apart.high:
        ends = f"{labels.signed_points(apart.low).removesuffix(' points')} to {labels.signed_points(apart.high)}"
        return f"Chance may explain the difference of {labels.signed_points(apart.value)} ({ends})."
    how = "more" if apart.value > 0 else "less"
    ends = _ends(_turned(apart), labels.points).replace(" points", "", 1)
    return f"Those swapped in default {how} often, by {labels.points(abs(apart.value))} ({ends})."


def _gain(gain: Estimate, names: tuple[str, str], currency: str) -> str:
    if gain.value is None or gain.low is None or gain.high is None:
        return ""
    ends = _ends(_turned(gain), lambda value: money(value, ""))
    word = "earned" if gain.value >= 0 else "cost"
    sure = ", which chance may explain" if gain.low <= 0 <= gain.high else ""
    size = money_in_units(abs(gain.value), currency)
    return f"Deciding by {names[1]} would have {word} {size} more ({ends}){sure}."


def _turned(found: Estimate) -> Estimate:
    """The difference seen from the side from which it is positive."""
    if found.value is None or found.value >= 0 or found.low is None or found.high is None:
        return found
    return Estimate(-found.value, -found.high, -found.low)


def _leaves_out_0(found: Estimate) -> bool:
    return found.low is not None and found.high is not None and not found.low <= 0 <= found.high


def _ends(found: Estimate, word: Callable[[float], str]) -> str:
    return "" if found.low is None or found.high is None else f"{word(found.low)} to {word(found.high)}"
