"""Small SoundFonts, written byte by byte."""

from __future__ import annotations

import struct

import numpy as np

RATE = 22050
PERIOD = 50
"""Samples of a period of the recording, a sine wave of 441 Hz."""
ROOT = 69
ROOT_HERTZ = RATE / PERIOD


def soundfont(
    presets: tuple[tuple[int, int, int], ...] = ((0, 0, 0), (128, 0, 0)),
    *,
    zones: int = 1,
    generators: tuple[tuple[int, int], ...] = (),
    **changes: bytes,
) -> bytes:
    """A SoundFont of one looped sine wave, which fades within a tenth of a second.

    presets: bank, program and semitones by which each is tuned. zones: instruments of each preset.
    generators: further ones of the instrument. changes: the bytes of whole chunks.
    """
    instrument = [(38, -4000), (54, 1), *generators, (53, 0)]  # release, loop
    phdr, pbag, pgen = b"", b"", []
    for bank, program, semitones in presets:
        phdr += struct.pack("<20sHHH12x", b"preset", program, bank, len(pbag) // 4)
        for _ in range(zones):
            pbag += struct.pack("<HH", len(pgen), 0)
            pgen += [(51, semitones), (41, 0)]
    phdr += struct.pack("<20sHHH12x", b"EOP", 0, 0, len(pbag) // 4)
    pbag += struct.pack("<HH", len(pgen), 0)
    wave = 20000 * np.sin(np.arange(4 * PERIOD) * 2 * np.pi / PERIOD)
    samples = np.concatenate([wave, np.zeros(46)]).astype("<i2").tobytes()
    sample = struct.pack(
        "<20sIIIIIBbHH", b"sine", 0, 4 * PERIOD, 0, 4 * PERIOD, RATE, ROOT, 0, 0, 1
    )
    chunks = {
        "smpl": samples,
        "phdr": phdr,
        "pbag": pbag,
        "pmod": bytes(10),
        "pgen": _generators(pgen),
        "inst": struct.pack("<20sH", b"sine", 0) + struct.pack("<20sH", b"EOI", 1),
        "ibag": struct.pack("<HHHH", 0, 0, len(instrument), 0),
        "imod": bytes(10),
        "igen": _generators(instrument),
        "shdr": sample + bytes(46),
        **changes,
    }
    sound = _list(b"sdta", {"smpl": chunks.pop("smpl")})
    body = b"sfbk" + _list(b"INFO", {"ifil": b"\2\0\1\0"}) + sound + _list(b"pdta", chunks)
    return _chunk(b"RIFF", body)


def _generators(rows: list[tuple[int, int]]) -> bytes:
    return b"".join(struct.pack("<Hh", *row) for row in [*rows, (0, 0)])


def _list(name: bytes, chunks: dict[str, bytes]) -> bytes:
    return _chunk(b"LIST", name + b"".join(_chunk(k.encode(), v) for k, v in chunks.items()))


def _chunk(name: bytes, data: bytes) -> bytes:
    return name + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)
