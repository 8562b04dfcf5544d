"""Convert the checkpoints of musicnn, which TensorFlow 1 wrote, to safetensors in 16 bits.

    pip download --no-deps musicnn==0.1.0 && unzip musicnn-*.whl
    python -m amadeus.evaluation.ear.convert musicnn src/amadeus/data/ear

TensorFlow is not needed. A checkpoint is a table of names (`.index`, in the format of LevelDB:
blocks of keys that share prefixes, then a footer that points to the index of blocks) and the values
(`.data-00000-of-00001`), which lie one after another in little-endian order.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import save_file

from amadeus.evaluation.ear.network import TAGS

_FOOTER = 48
"""Bytes: the positions of two blocks, padded to 40 bytes, and a magic number of 8."""
_FLOAT = 1
"""The number of float32 in TensorFlow's DataType."""
_EPSILON = 1e-3
"""What TensorFlow's batch normalization adds to the variance."""
_CONVOLUTIONS = (
    "timbral.0", "timbral.1", "temporal.0", "temporal.1", "temporal.2",
    "middle.0", "middle.1", "middle.2",
)  # fmt: skip
"""The blocks of `Tagger`, in the order in which musicnn creates them."""


def convert(checkpoint: Path, tags: tuple[str, ...], output: Path) -> None:
    """Write the network of a checkpoint as float16 safetensors, with its tags as metadata."""
    weights = to_tagger(read_checkpoint(checkpoint))
    half = {name: np.ascontiguousarray(values, np.float16) for name, values in weights.items()}
    save_file(half, output, metadata={TAGS: "\n".join(tags)})


def read_tags(configuration: Path, name: str) -> tuple[str, ...]:
    """A list of tags, such as MTT_LABELS, from musicnn's configuration.py, without running it."""
    for statement in ast.parse(configuration.read_text(encoding="utf-8")).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == name:
            return tuple(ast.literal_eval(statement.value))
    raise SystemExit(f"{configuration} has no {name}")


def to_tagger(variables: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The weights of a `Tagger` from the variables of musicnn."""
    weights = _affine(variables, 0, "input")
    for number, block in enumerate(_CONVOLUTIONS):
        layer = _numbered("conv2d", number)
        kernel = variables[f"{layer}/kernel"]  # [frames, bands, inputs, channels]
        weights[f"{block}.convolution.weight"] = kernel.transpose(3, 2, 0, 1)
        weights[f"{block}.convolution.bias"] = variables[f"{layer}/bias"]
        weights |= _affine(variables, number + 1, f"{block}.normalization")
    weights |= _affine(variables, len(_CONVOLUTIONS) + 1, "pooled")
    weights |= _affine(variables, len(_CONVOLUTIONS) + 2, "hidden")
    for number, name in enumerate(("dense", "output")):
        layer = _numbered("dense", number)
        weights[f"{name}.weight"] = variables[f"{layer}/kernel"].T
        weights[f"{name}.bias"] = variables[f"{layer}/bias"]
    return weights


def _affine(variables: Mapping[str, np.ndarray], number: int, name: str) -> dict[str, np.ndarray]:
    """Scale and shift of a batch normalization."""
    layer = _numbered("batch_normalization", number)
    gamma, beta, mean, variance = (
        variables[f"{layer}/{part}"].astype(np.float64)
        for part in ("gamma", "beta", "moving_mean", "moving_variance")
    )
    scale = gamma / np.sqrt(variance + _EPSILON)
    return {f"{name}.scale": scale, f"{name}.shift": beta - mean * scale}


def _numbered(layer: str, number: int) -> str:
    """The name that TensorFlow gives to a layer of a kind, counting from 0."""
    return f"{layer}_{number}" if number else layer


def read_checkpoint(folder: Path) -> dict[str, np.ndarray]:
    """All float32 variables of a checkpoint, by name."""
    index = (folder / ".index").read_bytes()
    data = (folder / ".data-00000-of-00001").read_bytes()
    _, at = _handle(index, len(index) - _FOOTER)
    (position, size), _ = _handle(index, at)
    variables = {}
    for _, handle in _entries(index[position : position + size]):
        (position, size), _ = _handle(handle, 0)
        for name, value in _entries(index[position : position + size]):
            entry = dict(_fields(value))
            if name and entry.get(1) == _FLOAT:
                shape = [
                    dict(_fields(dim)).get(1, 0) for number, dim in _fields(entry[2]) if number == 2
                ]
                begin = entry.get(4, 0)
                values = np.frombuffer(data[begin : begin + entry[5]], "<f4")
                variables[name.decode()] = values.reshape(shape)
    return variables


def _entries(block: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a block. A key is stored as what differs from the one before it."""
    end = len(block) - 4 * (int.from_bytes(block[-4:], "little") + 1)
    at, key = 0, b""
    while at < end:
        shared, at = _varint(block, at)
        rest, at = _varint(block, at)
        size, at = _varint(block, at)
        key = key[:shared] + block[at : at + rest]
        yield key, block[at + rest : at + rest + size]
        at += rest + size


def _handle(data: bytes, at: int) -> tuple[tuple[int, int], int]:
    """Position and size of a block, and where the next value begins."""
    position, at = _varint(data, at)
    size, at = _varint(data, at)
    return (position, size), at


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        at, shift = at + 1, shift + 7
        if data[at - 1] < 128:
            return value, at


def _fields(message: bytes) -> Iterator[tuple[int, Any]]:
    """Numbers and values of the fields of a protocol buffer."""
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        if key & 7 == 0:
            value, at = _varint(message, at)
            yield key >> 3, value
        else:
            size = 4
            if key & 7 == 2:
                size, at = _varint(message, at)
            yield key >> 3, message[at : at + size]
            at += size


def main() -> None:
    source, output = map(Path, sys.argv[1:])
    output.mkdir(parents=True, exist_ok=True)
    for name in ("MTT", "MSD"):
        tags = read_tags(source / "configuration.py", f"{name}_LABELS")
        convert(source / f"{name}_musicnn", tags, output / f"{name.lower()}.safetensors")


if __name__ == "__main__":
    main()
