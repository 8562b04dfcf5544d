"""Checkpoints of TensorFlow 1 are read without TensorFlow."""

import numpy as np

from amadeus.evaluation.ear.convert import read_checkpoint, read_tags


def varint(value):
    data = b""
    while value > 127:
        data += bytes([value & 127 | 128])
        value >>= 7
    return data + bytes([value])


def field(number, value):
    """A field of a protocol buffer: an integer, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    return varint(number << 3 | 2) + varint(len(value)) + value


def block(entries):
    """A block of LevelDB: keys share prefixes with the keys before them."""
    data, last = b"", b""
    for key, value in entries:
        shared = next((i for i, (a, b) in enumerate(zip(key, last, strict=False)) if a != b), 0)
        data += varint(shared) + varint(len(key) - shared) + varint(len(value))
        data += key[shared:] + value
        last = key
    return data + (0).to_bytes(4, "little") + (1).to_bytes(4, "little")


def write_checkpoint(folder, variables):
    data, entries = b"", [(b"", field(1, 1))]
    for name, values in sorted(variables.items()):
        dims = b"".join(field(2, field(1, size)) for size in values.shape)
        entry = field(1, 1) + field(2, dims) + field(4, len(data)) + field(5, values.nbytes)
        entries.append((name.encode(), entry))
        data += values.tobytes()
    values = block(entries)
    index = block([(b"z", varint(0) + varint(len(values)))])
    handles = varint(0) + varint(0) + varint(len(values)) + varint(len(index))
    (folder / ".index").write_bytes(values + index + handles.ljust(40, b"\0") + b"12345678")
    (folder / ".data-00000-of-00001").write_bytes(data)


def test_variables_keep_their_names_shapes_and_values(tmp_path):
    rng = np.random.default_rng(0)
    shapes = {"conv2d/bias": (3,), "conv2d/kernel": (2, 300, 1, 3), "conv2d_1/bias": (5,)}
    variables = {name: rng.normal(size=s).astype("<f4") for name, s in shapes.items()}
    write_checkpoint(tmp_path, variables)
    found = read_checkpoint(tmp_path)
    assert found.keys() == variables.keys()
    for name, values in variables.items():
        np.testing.assert_array_equal(found[name], values)


def test_tags_are_read_from_the_configuration(tmp_path):
    path = tmp_path / "configuration.py"
    path.write_text("SR = 16000\nMTT_LABELS = ['guitar', 'no vocals']\nraise SystemExit\n")
    assert read_tags(path, "MTT_LABELS") == ("guitar", "no vocals")
