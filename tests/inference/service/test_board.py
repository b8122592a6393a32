"""What one process writes on a board, another one reads, and it outlives whoever wrote it."""

from __future__ import annotations

from inference.service.board import SPAWN, Board


def write(board: Board, place: int) -> None:
    numbers = board.numbers(place)
    numbers[0] += 1
    numbers[2] = place + 0.5
    board.write_text(place, "é" * 200 if place else "a b")


def test_each_process_has_a_place_of_its_own_that_its_successor_takes_over() -> None:
    board = Board(3, n_places=2)
    for place in (0, 1, 0):
        process = SPAWN.Process(target=write, args=(board, place))
        process.start()
        process.join(30)
        assert process.exitcode == 0
    assert [list(board.numbers(place)) for place in (0, 1)] == [[2, 0, 0.5], [1, 0, 1.5]]
    first, second = board.texts()
    assert first == "a b"
    assert second[:127] == "é" * 127
