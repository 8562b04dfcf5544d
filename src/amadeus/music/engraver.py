"""Verovio, which engraves notation and reads its formats, in a process of its own.

Notation files come from anywhere and Verovio is C++: a crash or an endless loop must not take this
process with it. Verovio: https://www.verovio.org, under the LGPL.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from contextlib import suppress
from importlib.util import find_spec
from typing import Any

from amadeus.errors import ScoreError
from amadeus.music.limits import LIMITS, Limits

_WIDTH, _HEIGHT = 2100, 2970
"""A4, in tenths of a millimetre."""
_SCALE = 40
_STAVES_OF_A_PAGE = 14
"""With more, everything becomes smaller."""

_MOST_SECONDS = 10**6
"""What the operating system can wait."""
_MEMORY = 4 * 2**30
"""Bytes for Verovio, where the system can limit them. Orchestral scores take a tenth."""


def engrave(
    musicxml: bytes, num_staves: int, limits: Limits = LIMITS, *, is_cut: bool = False
) -> list[str]:
    """The pages of a MusicXML file as SVG. Raises ScoreError if there are too many.

    num_staves: in a system. is_cut: pages end with their last system.
    """
    scale = max(4, min(_SCALE, _SCALE * _STAVES_OF_A_PAGE // num_staves))
    options = {
        "pageWidth": _WIDTH * _SCALE // scale,
        "pageHeight": _HEIGHT * _SCALE // scale,
        "scale": scale,
        "footer": "none",
        "justifyVertically": not is_cut,
        "adjustPageHeight": is_cut,
    }
    answer = _run({"input": "xml", "options": options, "pages": limits.pages}, musicxml, limits)
    limits.check("pages", answer["count"])
    return answer["pages"]


def convert_to_midi(data: bytes, notation: str, limits: Limits = LIMITS) -> bytes:
    """The MIDI file for a piece in a notation format. Raises ScoreError if it cannot be read.

    notation: Verovio's name of the format: xml (MusicXML), mei, humdrum or abc.
    """
    answer = _run({"input": notation, "options": {}, "pages": None}, data, limits)
    return base64.b64decode(answer["midi"])


def _run(task: dict[str, Any], data: bytes, limits: Limits) -> dict[str, Any]:
    """The answer of a new Verovio process. Raises ScoreError for a failure of any kind."""
    if find_spec("verovio") is None:
        raise ScoreError(
            "this needs verovio, which has no wheel for this machine; install it with pip install "
            "verovio, or read MIDI files and write MusicXML"
        )
    seconds = min(limits.engraving_seconds, _MOST_SECONDS)
    command = [sys.executable, "-m", __name__, json.dumps(task)]
    # The other process finds Amadeus where this one did.
    paths = os.pathsep.join(os.path.abspath(path) for path in sys.path)
    try:
        done = subprocess.run(
            command,
            input=data,
            capture_output=True,
            timeout=seconds,
            env={**os.environ, "PYTHONPATH": paths},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ScoreError(
            f"Verovio was not done after {seconds} seconds; shorten the piece, or lift the limits"
        ) from None
    if done.returncode:
        raise ScoreError("Verovio could not read the notation; check it in a notation program")
    return json.loads(done.stdout)


def _work(task: dict[str, Any], data: bytes) -> dict[str, Any]:
    """Runs inside the process."""
    import verovio

    _limit_memory()
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    toolkit.setOptions(task["options"])
    toolkit.setInputFrom(task["input"])
    if not toolkit.loadData(data.decode("utf-8", "replace")):
        sys.exit(1)
    if task["pages"] is None:
        return {"midi": toolkit.renderToMIDI()}
    count = toolkit.getPageCount()
    numbers = range(1, count + 1) if count <= task["pages"] else ()
    return {"count": count, "pages": [toolkit.renderToSVG(number) for number in numbers]}


def _limit_memory() -> None:
    try:
        import resource
    except ImportError:  # Windows
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    if soft == resource.RLIM_INFINITY or soft > _MEMORY:
        with suppress(ValueError, OSError):  # macOS may refuse
            resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, hard))


if __name__ == "__main__":
    with os.fdopen(os.dup(1), "w") as output:
        os.dup2(2, 1)  # Verovio prints warnings
        json.dump(_work(json.loads(sys.argv[1]), sys.stdin.buffer.read()), output)
