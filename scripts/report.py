"""Write a report: numbered figures and tables of a cohort as HTML or PDF, and all its tables as a workbook.

Usage: python -m scripts.report --template monthly --out FILE.html [--out FILE.pdf] [--portfolio FOLDER]
       [--where COLUMN=LEVEL ...] [--against rest|portfolio|COLUMN=LEVEL ...] [--cutoff PD]
       python -m scripts.report --recipe FILE --out FILE.html
       python -m scripts.report --template applicant --applicant ID --out FILE.pdf
"""

from __future__ import annotations

import argparse
import logging
from dataclasses import replace
from pathlib import Path

from dashboard.cohort.columns import prepare
from dashboard.report.formats import FORMATS
from dashboard.report.paper import Origin, Paper, make_paper
from dashboard.report.recipe import Recipe, RecipeError, open_recipe, read_template, template_names
from data.definition.at_hand import load_definition
from data.definition.definition import Definition
from data.settings import Settings, load_settings
from data.store.storage import check_file_place, write_atomically
from inference.model.decision import DEFAULT_CUTOFF
from scripts._at_hand import load_at_hand, read_cutoff
from scripts._cli import offer_portfolio, progress, run

# The template that is of one application and has no recipe.
APPLICANT = "applicant"


def main() -> None:
    """Read the arguments, make the report, write it in each form that was asked for."""
    arguments = _parse()
    for path in arguments.out:
        _check(path)
    settings = load_settings()
    definition = load_definition(settings)
    is_applicant = arguments.template == APPLICANT
    _check_applicant(arguments, is_applicant=is_applicant)
    paper = (_paper_of_applicant if is_applicant else _paper_of_cohort)(arguments, settings, definition)
    for path in arguments.out:
        with progress(path.name) as step:
            content = FORMATS[_kind(path)].write(paper, step)
        with write_atomically(path) as beside:
            beside.write_bytes(content)
        print(f"{path}: {len(content):,} bytes")


def _paper_of_cohort(arguments: argparse.Namespace, settings: Settings, definition: Definition) -> Paper:
    recipe = _recipe(arguments, definition)
    predictions = prepare(load_at_hand(settings, definition), cutoffs=[recipe.cutoff])
    origin = Origin.now(predictions, settings)
    with progress(recipe.title) as step:
        return make_paper(recipe, predictions, definition, origin, step)


def _paper_of_applicant(arguments: argparse.Namespace, settings: Settings, _definition: Definition) -> Paper:
    # What the applicant's page goes by comes from its caches, and those warn that no server is running.
    logging.disable(logging.WARNING)
    from dashboard import cache
    from dashboard.components.applicant.paper import applicant_paper, find_applicant
    from dashboard.components.applicant.record import make_record

    cutoff = DEFAULT_CUTOFF if arguments.cutoff is None else read_cutoff(arguments.cutoff)
    with progress(f"Application {arguments.applicant}") as step:
        step(0, 2)
        dataset = cache.open_dataset(cache.Location())
        view = find_applicant(dataset, arguments.applicant, cutoff)
        step(1, 2)
        origin = Origin.now(cache.predictions(dataset), settings)
        paper = applicant_paper(view, make_record(view), origin, arguments.title or "")
        step(2, 2)
    return paper


def _check_applicant(arguments: argparse.Namespace, *, is_applicant: bool) -> None:
    if is_applicant and arguments.applicant is None:
        raise RecipeError("--template applicant: is of one application; name it with --applicant ID.")
    if not is_applicant and arguments.applicant is not None:
        raise RecipeError(f"--applicant {arguments.applicant}: belongs to --template applicant; leave one of them out.")
    if is_applicant and (arguments.where or arguments.against):
        raise RecipeError("--template applicant: is of one application; leave out --where and --against.")


def _parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m scripts.report", description=__doc__.splitlines()[0])
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--template", metavar="NAME", help=f"{', '.join((*template_names(), APPLICANT))}")
    source.add_argument("--recipe", type=Path, metavar="FILE", help="a recipe of your own, TOML or JSON")
    offer_portfolio(parser)
    parser.add_argument("--applicant", metavar="ID", help=f"the application that --template {APPLICANT} is of")
    parser.add_argument("--title", help="in place of the recipe's")
    parser.add_argument(
        "--where",
        action="append",
        metavar="COLUMN=LEVEL",
        help="only these applications; COLUMN=LOW..HIGH for numbers, COLUMN=~missing for gaps; may be repeated",
    )
    parser.add_argument(
        "--against",
        action="append",
        metavar="COHORT",
        help="compare with the rest, the portfolio, or those of COLUMN=LEVEL; may be repeated",
    )
    parser.add_argument("--cutoff", metavar="PD", help="PD from which on applications are declined, 0 to 1")
    parser.add_argument(
        "--out",
        type=Path,
        action="append",
        required=True,
        metavar="FILE",
        help="FILE.html, FILE.pdf or FILE.xlsx; may be repeated",
    )
    return parser.parse_args()


def _kind(path: Path) -> str:
    return path.suffix.lower().removeprefix(".")


def _check(path: Path) -> None:
    if _kind(path) not in FORMATS:
        endings = ", ".join(f".{kind}" for kind in FORMATS)
        raise RecipeError(f"--out {path}: is none of {endings}; name a file that ends in one of them.")
    check_file_place(path)


def _recipe(arguments: argparse.Namespace, definition: Definition) -> Recipe:
    recipe = (
        open_recipe(arguments.recipe, definition)
        if arguments.recipe is not None
        else read_template(arguments.template, definition)
    )
    return replace(
        recipe,
        title=arguments.title or recipe.title,
        where=recipe.where if arguments.where is None else tuple(arguments.where),
        against=recipe.against if arguments.against is None else tuple(arguments.against),
        cutoff=recipe.cutoff if arguments.cutoff is None else read_cutoff(arguments.cutoff),
    )


if __name__ == "__main__":
    run(main)
