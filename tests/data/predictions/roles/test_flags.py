"""The flags of a command, read as answers and written as flags again."""

from __future__ import annotations

import argparse

from data.predictions.roles.answers import NOTHING_SAID
from data.predictions.roles.flags import answers_of, offer_answers


def test_flags_come_back_as_they_were_said() -> None:
    parser = argparse.ArgumentParser()
    offer_answers(parser)
    said = ["--map", "y=outcome", "--bad", "N", "--bad", "late", "--good", "Y", "--champion", "pd"]
    assert list(answers_of(parser.parse_args(said)).flags) == said
    assert answers_of(parser.parse_args([])) == NOTHING_SAID
