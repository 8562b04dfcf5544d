"""Loads the compiled core and declares its functions and structures to ctypes."""

from __future__ import annotations

import ctypes
import hashlib
import warnings
from ctypes import POINTER, c_char_p, c_double, c_float, c_int, c_int32, c_int64, c_uint8, c_void_p
from functools import cache
from pathlib import Path

from amadeus.diffusion.unmasking import DrawSettings
from amadeus.tokens.vocabulary import NUM_ATTRIBUTES

_FOLDER = Path(__file__).parent
_PerAttribute = c_int32 * NUM_ATTRIBUTES


class Sizes(ctypes.Structure):
    """`Sizes` of network.h."""

    _fields_ = [
        *((name, c_int32) for name in (
            "width", "layers", "heads", "kv_heads", "decoder_width", "decoder_layers",
            "decoder_heads", "mlp_ratio", "text_width", "enhancement", "max_values", "exact",
        )),
        ("rope_theta", c_float),
        ("values", _PerAttribute),
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


class ConditionalBias(ctypes.Structure):
    """`ConditionalBias` of sampler.h."""

    _fields_ = [
        *((name, c_int32) for name in ("source", "target", "first", "count")),
        ("table", c_void_p),
    ]


class UnmaskTask(ctypes.Structure):
    """`UnmaskTask` of sampler.h."""

    _fields_ = [
        ("products", c_void_p),
        ("first_beats", c_void_p),
        ("bar_ticks", c_void_p),
        ("noise", c_void_p),
        ("draws", c_double * NUM_ATTRIBUTES * len(DrawSettings._fields)),
        ("bias", c_void_p),
        ("conditional_biases", ConditionalBias * 2),
        ("values", c_int64 * NUM_ATTRIBUTES),
        ("known", c_uint8 * NUM_ATTRIBUTES),
        ("num_products", c_int32),
        ("order", c_int32),
        ("fixed_ranks", _PerAttribute),
        ("first_ranks", _PerAttribute),
        ("steps", c_int32),
        ("ends_with", c_int32),
        ("conditional", c_int32),
        ("unconditional", c_int32),
        ("guidance", c_float),
        ("threshold", c_float),
    ]


_STRUCTURES: tuple[type[ctypes.Structure], ...] = (Sizes, Vocabulary, ConditionalBias, UnmaskTask)
_FUNCTIONS = {
    "amadeus_last_error": (c_char_p, []),
    "amadeus_sizeof": (c_int, [c_char_p]),
    "amadeus_instructions": (c_int, []),
    "amadeus_create_network": (
        c_void_p,
        [POINTER(Sizes), POINTER(c_char_p), POINTER(c_void_p), POINTER(c_int64), c_int],
    ),
    "amadeus_destroy_network": (None, [c_void_p]),
    "amadeus_create_engine": (c_void_p, [c_void_p, c_int, c_int]),
    "amadeus_destroy_engine": (None, [c_void_p]),
    "amadeus_admit": (c_int, [c_void_p]),
    "amadeus_prefill": (c_int, [c_void_p, c_int, c_void_p, c_int, c_void_p, c_int]),
    "amadeus_step": (c_int, [c_void_p, c_void_p]),
    "amadeus_enhance": (c_int, [c_void_p]),
    "amadeus_predict": (c_int, [c_void_p, c_void_p, c_int, c_void_p, c_void_p, c_void_p]),
    "amadeus_unmask": (c_int, [c_void_p, POINTER(Vocabulary), POINTER(UnmaskTask), c_int]),
    "amadeus_retire": (c_int, [c_void_p, c_int]),
}


def libraries() -> list[Path]:
    """Paths of the core for each instruction set, the most basic first; files may be missing."""
    return [_FOLDER / f"core-{level}.so" for level in range(3)]


@cache
def load() -> ctypes.CDLL | None:
    """The core for the best instruction set of this machine, or None if there is none."""
    basic, *_ = libraries()
    core = _open(basic)
    if core is None:
        return None
    for path in reversed(libraries()[1 : core.amadeus_instructions() + 1]):
        better = _open(path)
        if better is not None:
            return better
    return core


@cache
def hash_of_sources() -> str:
    """The hash of the sources that a core must be compiled from; as in `hatch_build.py`."""
    digest = hashlib.sha256()
    for path in sorted([*_FOLDER.glob("*.cpp"), *_FOLDER.glob("*.h")]):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _open(path: Path) -> ctypes.CDLL | None:
    """Load a core. Returns None if it is missing, or, with a warning, if it does not fit."""
    try:
        library = ctypes.CDLL(str(path))
    except OSError:  # missing, or for another system
        return None
    mismatch = _mismatch(library)
    if mismatch:
        warnings.warn(
            f"{path} {mismatch}, so this core is not used; install Amadeus again", stacklevel=2
        )
        return None
    return library


def _mismatch(library: ctypes.CDLL) -> str | None:
    """Declare the functions of a core. Returns how it differs from this module, or None."""
    try:
        library.amadeus_source_hash.restype = c_char_p
        source_hash = library.amadeus_source_hash()
    except AttributeError:  # compiled before it had this function
        source_hash = b""
    if source_hash.decode() != hash_of_sources():
        return "was compiled from other sources"
    for name, (result, arguments) in _FUNCTIONS.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    for structure in _STRUCTURES:
        name, expected = structure.__name__, ctypes.sizeof(structure)
        size = library.amadeus_sizeof(name.encode())
        if size != expected:
            return f"lays out {name} in {size} bytes and library.py in {expected}"
    return None
