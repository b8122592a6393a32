"""Train a further model on the portfolio's applications, beside the champion, and add it to the portfolio's models.

A challenger learns from other columns, without directions, or with other settings; a scorecard is made of optimal bins.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence

from data.errors import SettingError
from data.settings import load_settings
from inference.inventory.challenger import TRAINABLE, Order, train_challenger
from inference.inventory.entry import ModelKind
from inference.inventory.store import folder_of_model
from inference.model.artifact import Manifest
from scripts._cli import offer_portfolio, progress, run


def main() -> None:
    """Read the arguments, train, and say what was made."""
    parser = argparse.ArgumentParser(prog="python -m scripts.train", description=__doc__.splitlines()[0])
    offer_portfolio(parser)
    parser.add_argument(
        "--kind", choices=[str(kind) for kind in TRAINABLE], default=str(TRAINABLE[0]), help="default: %(default)s"
    )
    parser.add_argument("--name", required=True, help="what the model is called from now on")
    parser.add_argument(
        "--leave-out", action="append", default=[], metavar="COLUMN", help="a column not to learn from; may be repeated"
    )
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="COLUMN",
        help="learn from these alone; may be repeated",
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of the training; may be repeated"
    )
    parser.add_argument("--unconstrained", action="store_true", help="let the PD move either way with every field")
    parser.add_argument("--replace", action="store_true", help="take the place of the model of that name")
    arguments = parser.parse_args()
    order = Order(
        ModelKind(arguments.kind),
        arguments.name,
        only=tuple(arguments.only),
        leave_out=tuple(arguments.leave_out),
        given=_pairs(arguments.set),
        is_constrained=not arguments.unconstrained,
    )
    settings = load_settings()
    entry = train_challenger(settings, order, progress, replaces=arguments.replace)
    metrics = Manifest.load(folder_of_model(settings, entry.name)).metrics
    print(f"{entry.name}: {entry.said} AUC {metrics['oof_auc']:.4f} {entry.how}.")
    print(f"`python -m scripts.promote {entry.name}` puts it in service.")


def _pairs(texts: Sequence[str]) -> Mapping[str, str]:
    """Settings by name.

    Raises:
        SettingError: a text is not KEY=VALUE, or names a setting again.
    """
    found: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.partition("=")
        if not (name and sign and value):
            raise SettingError(f"--set {text}: is not KEY=VALUE, such as leaves=31.")
        if name in found:
            raise SettingError(f"--set {text}: {name} is set twice; leave one out.")
        found[name] = value
    return found


if __name__ == "__main__":
    run(main)
