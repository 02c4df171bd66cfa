"""A run in sentences, and the question before it goes."""

from __future__ import annotations

from dataclasses import replace

import shelved
from hypothesis import given
from hypothesis import strategies as st

from engine.store.catalogue import About
from tui.runs.details import brief, details, farewell, heading


def test_everything_that_is_known_is_told() -> None:
    run = shelved.entry(
        label="the one",
        note="after the fix",
        seed=7,
        summary={"continues": "before", "damaged": 3, "checkpoints": 1},
    )
    run = replace(run, continued_by=("after-1", "after-2"))
    assert heading(run) == "the one (20251009-085320-3f9a1c): completed"
    told = details(run)
    assert told[0] == "after the fix"
    text = "\n".join(told)
    for said in (
        "10 epochs: train loss 0.384, test accuracy 84.6 %",
        "10/10 epochs · step 2,350 of 2,350",
        "best test accuracy 84.6 % in epoch 9",
        "best test loss 0.439",
        "1 checkpoint saved",
        "fashion-mnist · seed 7 · cpu · torch 2.15.0, mlp-tui 0.1.0",
        "goes on from before · after-1, after-2 go on from it",
        "3 events of its record cannot be read",
        f"{shelved.PLACE}/20251009-085320-3f9a1c (1.2 MB)",
    ):
        assert said in text
    assert brief(run).endswith("after the fix")


def test_what_is_not_known_takes_no_line() -> None:
    bare = shelved.entry(
        state="crashed",
        summary={
            "detail": "", "data": "", "device": "", "versions": {}, "config": {}, "epoch": 0,
            "total_steps": 0, "best_accuracy": None, "best_loss": None,
        },
    )  # fmt: skip
    assert details(bare) == (f"{bare.directory} (1.2 MB)",)
    assert brief(bare) == heading(bare)


@given(st.text(max_size=300))
def test_no_text_of_others_reaches_the_terminal_raw(text: str) -> None:
    run = shelved.entry(
        note=text,
        label=text,
        summary={"detail": text, "data": text, "device": text, "continues": text,
                 "versions": {text: text}, "config": {"seed": text}},
    )  # fmt: skip
    said = (*details(run), heading(run), brief(run), *farewell([run], 3).split("\n"))
    assert all(line.isprintable() for line in said)


def test_the_question_names_what_goes_and_who_goes_on_from_it() -> None:
    runs = [replace(shelved.entry(f"run-{i}"), about=About()) for i in range(5)]
    runs[0] = replace(runs[0], continued_by=("run-1", "heir"))
    text = farewell(runs, 2)
    assert text.startswith("Delete these 5 runs for good (6.2 MB)?\nrun-0  completed, 1.2 MB")
    assert "… and 3 more" in text and "run-2" not in text
    assert "heir goes on from there" in text and "run-1 " in text.split("\n")[2]
    assert farewell(runs, 0).split("\n")[1] == "run-0 and 4 more"
    alone = farewell(runs[4:], 2)
    assert alone == "Delete this run for good (1.2 MB)?\nrun-4  completed, 1.2 MB"
