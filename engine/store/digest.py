"""A digest of a complete state: two states are the same, bit for bit, if and only if theirs are."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

_BYTES = 20


def state_digest(tensors: Mapping[str, Tensor], rest: bytes) -> str:
    """BLAKE2b (160 bits, in hex) over every tensor's name, dtype, shape and bytes, and `rest`.

    The tensors may live on any device and in any layout: entries count in row-major order.
    """
    digest = blake2b(digest_size=_BYTES)
    for name in sorted(tensors):
        tensor = tensors[name].detach()
        about = f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode()
        digest.update(len(about).to_bytes(8, "little") + about)
        digest.update(_bytes(tensor))
    digest.update(len(rest).to_bytes(8, "little") + rest)
    return digest.hexdigest()


def _bytes(tensor: Tensor) -> memoryview:
    import torch

    flat = tensor.cpu().contiguous().reshape(-1).view(torch.uint8)
    return flat.numpy().data
