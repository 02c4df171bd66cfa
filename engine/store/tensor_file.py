"""What the header of a safetensors file may say, held against the bytes that follow it.

The format: 8 bytes little-endian, the length of the header; that many bytes of JSON, which gives
each tensor's type, shape and place; then the tensors, one after another without a gap.
"""

from __future__ import annotations

import math

import msgspec

LONGEST_HEADER = 16 << 20
"""Bytes; a network of a hundred layers has some ten thousand."""
_LENGTH = 8
_META = "__metadata__"
_SIZES = {
    **dict.fromkeys(("BOOL", "U8", "I8"), 1),
    **dict.fromkeys(("F16", "BF16", "I16", "U16"), 2),
    **dict.fromkeys(("F32", "I32", "U32"), 4),
    **dict.fromkeys(("F64", "I64", "U64"), 8),
}


class _Told(msgspec.Struct, forbid_unknown_fields=True):
    dtype: str
    shape: tuple[int, ...]
    data_offsets: tuple[int, int]


_tensors: msgspec.json.Decoder[dict[str, msgspec.Raw]] = msgspec.json.Decoder(
    dict[str, msgspec.Raw]
)
_told: msgspec.json.Decoder[_Told] = msgspec.json.Decoder(_Told)
_texts: msgspec.json.Decoder[dict[str, str]] = msgspec.json.Decoder(dict[str, str])


def checked(data: bytes) -> dict[str, str]:
    """The metadata of a safetensors file whose header tells the truth about it.

    Raises:
        ValueError: when it does not, saying how; nothing was allocated for what it claims.
    """
    length = int.from_bytes(data[:_LENGTH], "little")
    if len(data) < _LENGTH or length > len(data) - _LENGTH:
        raise ValueError(f"its header claims {length} bytes of {len(data)}")
    if length > LONGEST_HEADER:
        raise ValueError(f"its header has {length} bytes, more than {LONGEST_HEADER}")
    begin = _LENGTH + length
    try:
        held = _tensors.decode(data[_LENGTH:begin])
        meta = _texts.decode(held.pop(_META, msgspec.Raw(b"{}")))
        told = {name: _told.decode(text) for name, text in held.items()}
    except RecursionError:
        raise ValueError("its header is nested too deep") from None
    _check_places(told, len(data) - begin)
    return meta


def _check_places(told: dict[str, _Told], room: int) -> None:
    """Hold every tensor's place against its shape, and all of them against the bytes there are."""
    end = 0
    for name, tensor in sorted(told.items(), key=lambda item: item[1].data_offsets):
        begin, after = tensor.data_offsets
        if tensor.dtype not in _SIZES or any(length < 0 for length in tensor.shape):
            raise ValueError(f"{name!r} is of type {tensor.dtype!r} and shape {tensor.shape}")
        if begin != end or after - begin != math.prod(tensor.shape) * _SIZES[tensor.dtype]:
            raise ValueError(f"{name!r} is not at the place that its shape {tensor.shape} needs")
        end = after
    if end != room:
        raise ValueError(f"its tensors take {end} bytes, and it holds {room}")
