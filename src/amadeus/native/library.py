"""Finding the compiled core and describing its functions to ctypes."""

from __future__ import annotations

import ctypes
import hashlib
import warnings
from ctypes import POINTER, c_char_p, c_double, c_float, c_int, c_int32, c_int64, c_uint8, c_void_p
from functools import cache
from pathlib import Path

from amadeus.tokens.vocabulary import NUM_ATTRIBUTES

_FOLDER = Path(__file__).parent
_Each = c_int32 * NUM_ATTRIBUTES


class Sizes(ctypes.Structure):
    """`Sizes` of network.h."""

    _fields_ = [
        *((name, c_int32) for name in (
            "width", "layers", "heads", "kv_heads", "decoder_width", "decoder_layers",
            "decoder_heads", "mlp_ratio", "text_width", "enhancement", "most_values", "exact",
        )),
        ("rope_theta", c_float),
        ("values", _Each),
    ]  # fmt: skip


class Vocabulary(ctypes.Structure):
    """`Vocabulary` of sampler.h."""

    _fields_ = [
        ("type", c_int32),
        ("beat", c_int32),
        ("first_bar", c_int32),
        ("first_rest", c_int32),
        ("metre_ticks", c_void_p),
    ]


class Link(ctypes.Structure):
    """`Link` of sampler.h."""

    _fields_ = [
        *((name, c_int32) for name in ("given", "leaned", "first", "count")),
        ("table", c_void_p),
    ]


class Task(ctypes.Structure):
    """`Task` of sampler.h."""

    _fields_ = [
        ("products", c_void_p),
        ("first_beats", c_void_p),
        ("bar_ticks", c_void_p),
        ("noise", c_void_p),
        ("temperatures", c_double * NUM_ATTRIBUTES),
        ("top_ps", c_double * NUM_ATTRIBUTES),
        ("bias", c_void_p),
        ("links", Link * 2),
        ("values", c_int64 * NUM_ATTRIBUTES),
        ("known", c_uint8 * NUM_ATTRIBUTES),
        ("num_products", c_int32),
        ("order", c_int32),
        ("places", _Each),
        ("first", _Each),
        ("steps", c_int32),
        ("ends_with", c_int32),
        ("with_text", c_int32),
        ("without_text", c_int32),
        ("guidance", c_float),
        ("threshold", c_float),
    ]


_FUNCTIONS = {
    "amadeus_problem": (c_char_p, []),
    "amadeus_open": (
        c_void_p,
        [POINTER(Sizes), POINTER(c_char_p), POINTER(c_void_p), POINTER(c_int64), c_int],
    ),
    "amadeus_close": (None, [c_void_p]),
    "amadeus_begin": (c_void_p, [c_void_p, c_int, c_int]),
    "amadeus_end": (None, [c_void_p]),
    "amadeus_admit": (c_int, [c_void_p]),
    "amadeus_prefill": (c_int, [c_void_p, c_int, c_void_p, c_int, c_void_p, c_int]),
    "amadeus_step": (c_int, [c_void_p, c_void_p]),
    "amadeus_enhance": (c_int, [c_void_p]),
    "amadeus_predict": (c_int, [c_void_p, c_void_p, c_int, c_void_p, c_void_p, c_void_p]),
    "amadeus_unmask": (c_int, [c_void_p, POINTER(Vocabulary), POINTER(Task), c_int]),
    "amadeus_retire": (c_int, [c_void_p, c_int]),
}


def libraries() -> list[Path]:
    """The compiled core for each set of instructions, the plainest first; some may be missing."""
    return [_FOLDER / f"core-{level}.so" for level in range(3)]


@cache
def load() -> ctypes.CDLL | None:
    """The core made for the best instructions that this machine has, or None."""
    plainest, *_ = libraries()
    core = _open(plainest)
    if core is None:
        return None
    for path in reversed(libraries()[1 : core.amadeus_instructions() + 1]):
        better = _open(path)
        if better is not None:
            return better
    return core


@cache
def hash_of_sources() -> str:
    """What a core has to be compiled from to be of this version; as in `hatch_build.py`."""
    digest = hashlib.sha256()
    for path in sorted([*_FOLDER.glob("*.cpp"), *_FOLDER.glob("*.h")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _open(path: Path) -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(str(path))
    except OSError:  # not there, or for another system
        return None
    try:
        library.amadeus_sources.restype = c_char_p
        version = library.amadeus_sources().decode()
    except AttributeError:
        version = "older"
    if version != hash_of_sources():
        warnings.warn(
            f"{path} was compiled from other sources, so torch composes instead; install Amadeus "
            "again",
            stacklevel=2,
        )
        return None
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
