"""The critic: which of several candidates is most like real music, and by which features."""

from amadeus.critic.critic import Critic, critic
from amadeus.critic.features import measure_features

__all__ = ["Critic", "critic", "measure_features"]
