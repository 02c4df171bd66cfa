"""The events as JSON: every variant survives the round trip, non-finite numbers included."""

from __future__ import annotations

import math
from types import UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.events import (
    AnyEvent,
    ControlApplied,
    Event,
    Noted,
    RunStarted,
    StepsMeasured,
    TableChanged,
    decode,
    encode,
)
from engine.schema import snake_case

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    int: st.integers(-(2**63), 2**63 - 1),
    float: st.floats(),
    str: st.text(max_size=10),
    bool: st.booleans(),
    bytes: st.binary(max_size=8),
    Any: PLAIN,
    # Text and numbers share these cells: a number that is not finite would come back as its name.
    str | float: st.text(max_size=5) | st.floats(allow_nan=False, allow_infinity=False),
}


def strategy(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a field's type."""
    if hint in SCALARS:
        return SCALARS[hint]
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (UnionType, Union):
        return st.one_of([st.none() if a is type(None) else strategy(a) for a in arguments])
    if origin is tuple:
        elements = st.lists(strategy(arguments[0]), max_size=3).map(tuple)
        return elements if arguments[-1] is Ellipsis else st.tuples(*map(strategy, arguments))
    if origin is dict:
        return st.dictionaries(st.text(max_size=5), strategy(arguments[1]), max_size=3)
    hints = get_type_hints(hint)
    fields = msgspec.structs.fields(hint)
    return st.builds(hint, **{field.name: strategy(hints[field.name]) for field in fields})


def same(a: Any, b: Any) -> bool:
    """Equal, where NaN equals NaN and −0 is not 0."""
    if isinstance(a, float) and isinstance(b, float):
        return (math.isnan(a) and math.isnan(b)) or (
            a == b and math.copysign(1, a) == math.copysign(1, b)
        )
    if type(a) is not type(b):
        return False
    if isinstance(a, msgspec.Struct):
        return all(same(getattr(a, name), getattr(b, name)) for name in a.__struct_fields__)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


@pytest.mark.parametrize("kind", get_args(AnyEvent), ids=lambda kind: kind.__name__)
def test_every_event_survives_the_round_trip(kind: type[Event]) -> None:
    @given(strategy(kind))
    def survives(event: Event) -> None:
        line = encode(event)
        assert b"\n" not in line
        assert b"\t" not in line
        assert same(decode(line), event)
        assert msgspec.json.decode(line)["type"] == snake_case(kind.__name__)

    survives()


def test_numbers_that_are_not_finite_are_spelled() -> None:
    loss = (float("nan"), float("inf"), float("-inf"), 1.5)
    line = encode(StepsMeasured(first_step=1, loss=loss, accuracy=(), lr=0.1))
    assert b'"loss":["NaN","Infinity","-Infinity",1.5]' in line
    assert same(decode(line).loss, loss)  # type: ignore[union-attr]


def test_text_that_looks_like_a_number_stays_text() -> None:
    for text in ("NaN", "Infinity", "null", "1", "true"):
        event = ControlApplied(step=1, what=text, before="nan", note="null")
        assert same(decode(encode(event)), event)
        table = TableChanged(table=text, columns=("a",), rows=((text, 1.0),))
        assert same(decode(encode(table)), table)


def test_a_start_without_a_data_set() -> None:
    event = RunStarted(run_id="r", experiment="x", config={"note": None})
    assert same(decode(encode(event)), event)


@pytest.mark.parametrize(
    "line",
    [b"", b"nonsense", b"[]", b'{"type":"noted"}', b'{"type":"unknown","seq":1}', b'{"seq":1}'],
)
def test_what_is_no_event_is_refused(line: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        decode(line)


def test_a_newer_versions_additional_fields_are_passed_over() -> None:
    assert decode(b'{"type":"noted","seq":3,"text":"a","colour":"red"}') == Noted(seq=3, text="a")
