"""Every line of the fault matrix has a test, and none of those is empty."""

from __future__ import annotations

from pathlib import Path

from matrix import LINES, proofs, vacuous

TESTS = Path(__file__).resolve().parent.parent


def test_every_line_has_a_proof_and_no_proof_is_of_another_matrix() -> None:
    proven = {number for number, _ in proofs(TESTS)}
    assert proven == set(LINES) == set(range(1, 43))


def test_no_proof_is_empty() -> None:
    assert list(vacuous(TESTS)) == []
