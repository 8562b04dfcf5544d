"""The forward process: masks attributes of a note.

Masked diffusion draws t ~ U(0, 1), masks each of A attributes with probability t, and weights the
cross-entropy by 1 / t (Sahoo et al. 2024, arXiv 2406.07524). A set of k attributes is then masked
with total weight  integral of t^(k-1) (1-t)^(A-k) dt = (k-1)! (A-k)! / A!. Drawing k uniformly from
1..A, the set uniformly among those of size k, and weighting by A / k gives every set the very same
weight, without the factor 1 / t that becomes large for small t, because the integral over t is
exact. Both estimate the same bound on the negative log-likelihood, the mean over all orders of
unmasking.
"""

from __future__ import annotations

from torch import Tensor


def draw_masks(uniform: Tensor) -> tuple[Tensor, Tensor]:
    """Masks for R notes, with numbers of masked attributes spread evenly over the notes.

    uniform: [R, 1 + A] random numbers from U(0, 1).

    Returns masked, bool [R, A], and weights, float32 [R]: the weighted sum of the masked
    attributes' cross-entropies is an unbiased estimate of the bound in nats per note.
    """
    num_attributes = uniform.shape[1] - 1
    # Stratified: every count is dealt to an equal share of the notes.
    count = uniform[:, 0].argsort().argsort() % num_attributes + 1  # [R]
    ranks = uniform[:, 1:].argsort(dim=1).argsort(dim=1)  # [R, A]
    return ranks < count[:, None], num_attributes / count.float()
