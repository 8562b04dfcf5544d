"""Makes the text encoder that comes with the package from the published weights.

    python -m amadeus.text.export_minilm src/amadeus/text/minilm

Needs the extra `train`, onnx and onnxscript. The network computes in float32, but its weights are
stored in fewer bits: the table of words in 8, every other matrix in 8 and in 4 more for what those
leave.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from amadeus.files import write_atomically, write_bytes
from amadeus.text.encoder import MODEL, TOKENIZER
from amadeus.text.pretrained import find_encoder, load_network

if TYPE_CHECKING:
    from onnx import GraphProto, ModelProto, TensorProto

OPSET = 21
"""The first that knows int4."""
WORDS = "embeddings.word_embeddings.weight"


def export_minilm(folder: Path) -> None:
    """Write the network and its tokenizer to a folder; equal weights give equal bytes."""
    source = find_encoder("minilm")
    model = to_onnx(source)
    quantize(model.graph)
    folder.mkdir(parents=True, exist_ok=True)
    data = model.SerializeToString(deterministic=True)
    write_bytes(folder / MODEL, data)
    write_atomically(folder / TOKENIZER, lambda path: shutil.copyfile(source / TOKENIZER, path))


def to_onnx(source: Path) -> ModelProto:
    """A graph from ids and attention mask, int64 [B, S], to token states, float32 [B, S, 384]."""
    import torch

    network = load_network(source)
    network.pooler = None
    names = ("input_ids", "attention_mask")
    sizes = {0: "batch", 1: "tokens"}
    program = torch.onnx.export(
        network, kwargs={name: torch.ones(2, 7, dtype=torch.long) for name in names},
        input_names=names, output_names=["states"], dynamic_shapes=dict.fromkeys(names, sizes),
        opset_version=OPSET, dynamo=True, verbose=False,
    )  # fmt: skip
    assert program is not None
    return program.model_proto


def quantize(graph: GraphProto) -> None:
    """Store matrices in fewer bits, and drop the exporter's notes, which name its source files."""
    weights, nodes = list(graph.initializer), list(graph.node)
    for field in ("initializer", "node", "value_info", "metadata_props"):
        graph.ClearField(field)
    for weight in weights:
        if len(weight.dims) == 2 and weight.data_type == weight.FLOAT:
            _store_matrix(graph, weight)
        else:
            graph.initializer.append(weight)
    for node in nodes:
        node.ClearField("metadata_props")
        graph.node.append(node)


def _store_matrix(graph: GraphProto, weight: TensorProto) -> None:
    """Add a matrix in few bits, and the nodes that make float32 of it, under its own name."""
    import ml_dtypes
    from onnx import helper, numpy_helper

    name = weight.name
    matrix = numpy_helper.to_array(weight)
    axis = 0 if "embeddings" in name else 1  # rows of a table, outputs of a layer
    scale = np.abs(matrix).max(axis=1 - axis, keepdims=True) / np.float32(127)
    high = np.rint(matrix / scale)
    low = np.rint((matrix / scale - high) * 15).clip(-8, 7)
    parts = {f"{name}.high": (high.astype(np.int8), scale)}
    if name != WORDS:
        parts[f"{name}.low"] = (low.astype(ml_dtypes.int4), scale / np.float32(15))
    for part, (bits, step) in parts.items():
        stored = [f"{part}.bits", f"{part}.step"]
        graph.initializer.append(numpy_helper.from_array(bits, stored[0]))
        graph.initializer.append(numpy_helper.from_array(step.ravel(), stored[1]))
        graph.node.append(helper.make_node("DequantizeLinear", stored, [part], axis=axis))
    graph.node.append(helper.make_node("Sum", list(parts), [name]))


if __name__ == "__main__":
    export_minilm(Path(sys.argv[1]))
