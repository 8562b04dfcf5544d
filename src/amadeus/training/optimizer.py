"""Optimizers and learning rate.

Muon (Jordan et al. 2024) for the matrices inside the blocks, AdamW for everything else; or AdamW
for all, the recipe of the paper.
"""

from __future__ import annotations

import math
from typing import Any, Literal

import torch
from torch import nn

Schedule = Literal["cosine", "trapezoid"]


def build_optimizers(
    model: nn.Module,
    *,
    kind: Literal["muon", "adamw"],
    lr: float,
    matrix_lr: float,
    weight_decay: float,
    profile_lr: float | None = None,
) -> list[torch.optim.Optimizer]:
    """One AdamW, preceded by one Muon where asked for.

    profile_lr: learning rate of the vectors of profiles; lr if left out.
    """
    matrices: list[nn.Parameter] = []
    vectors: list[nn.Parameter] = []
    others: list[nn.Parameter] = []
    for name, parameter in model.named_parameters():
        inside = parameter.ndim == 2 and "table" not in name and not name.endswith("slots")
        kind_of = vectors if "profile_embedder" in name else matrices if inside else others
        kind_of.append(parameter)
    groups: list[dict[str, Any]] = [{"params": others, "weight_decay": 0.0}]
    if vectors:
        groups.append({"params": vectors, "weight_decay": 0.0, "lr": profile_lr or lr})
    if kind == "adamw":
        groups.append({"params": matrices, "weight_decay": weight_decay})
    adamw = torch.optim.AdamW(groups, lr=lr, betas=(0.9, 0.95), fused=True)
    if kind == "adamw":
        return [adamw]
    muon = torch.optim.Muon(
        matrices, lr=matrix_lr, momentum=0.95, weight_decay=weight_decay,
        adjust_lr_fn="match_rms_adamw",
    )  # fmt: skip
    return [muon, adamw]


def rate(step: int, steps: int, warmup: int, schedule: Schedule) -> float:
    """Share of the full learning rate at a step, from 0 to 1.

    "cosine" falls from the end of the warm-up on; "trapezoid" stays, and falls straight to zero
    over the last 45 % of the steps.
    """
    if step < warmup:
        return (step + 1) / warmup
    progress = (step - warmup) / max(1, steps - warmup)
    if schedule == "cosine":
        return 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))
    return min(1.0, (1.0 - progress) / 0.45)


def set_rate(optimizers: list[torch.optim.Optimizer], share: float) -> None:
    """Give every group this share of its full learning rate."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group.setdefault("initial_lr", group["lr"])
            group["lr"] = group["initial_lr"] * share
