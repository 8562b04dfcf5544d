"""Weights that others have published: found on this machine, read without running their code.

Nothing is downloaded, so that a machine without a network says at once what is missing. Only
safetensors are read: a pickle could run any code.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any

from amadeus.errors import CheckpointError

EXTRA = "pip install 'amadeus-music[evaluate]'"


def find_weights(model: str | Path, purpose: str) -> Path:
    """The folder of weights: the one given, or the hub's copy on this machine of that name.

    purpose: what needs them, for the message.
    Raises CheckpointError, saying what to download, where there is none.
    """
    require("transformers", purpose)
    if Path(model).is_dir():
        return Path(model)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(str(model), local_files_only=True))
    except HFValidationError:
        remedy = "give the folder that holds them"
    except LocalEntryNotFoundError:
        remedy = f"run: hf download {model}, or give the folder that holds them"
    raise CheckpointError(f"the weights {model} for {purpose} are not on this machine; {remedy}")


def require(module: str, purpose: str) -> None:
    """Raises CheckpointError where a library of the extra `evaluate` is not installed."""
    if find_spec(module) is None:
        raise CheckpointError(f"{purpose} needs {module}, which is not installed; run: {EXTRA}")


def load_pretrained(kind: Any, folder: Path) -> Any:
    """kind.from_pretrained(folder), from the files of that folder alone.

    Raises CheckpointError where they are missing, damaged or pickled.
    """
    from safetensors import SafetensorError
    from transformers import PreTrainedModel

    if not (folder / "config.json").is_file():
        raise CheckpointError(f"{folder} holds no config.json; download the whole folder anew")
    is_network = isinstance(kind, type) and issubclass(kind, PreTrainedModel)
    options = {"use_safetensors": True, "output_loading_info": True} if is_network else {}
    try:
        loaded = kind.from_pretrained(folder, local_files_only=True, **options)
    except (OSError, ValueError, RuntimeError, KeyError, SafetensorError) as error:
        reason = str(error).strip().partition("\n")[0]
        raise CheckpointError(
            f"{folder} holds no {kind.__name__} in safetensors: {reason}; download it anew"
        ) from None
    if not is_network:
        return loaded
    network, report = loaded
    if report["missing_keys"]:
        missing = sorted(report["missing_keys"])
        raise CheckpointError(
            f"{folder} is no whole {kind.__name__}: {len(missing)} tensors are missing, the first "
            f"is {missing[0]}; download it anew"
        )
    return network
