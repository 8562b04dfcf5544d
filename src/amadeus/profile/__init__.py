"""Profiles: what can be said of a piece or an excerpt in a few values.

The network is conditioned on them, and openings are chosen by how well they agree with them.

    labels      what the genres, forms and moods of corpora mean
    profile     the values and what they may be
    measure     rows to a profile
    conditions  a profile to the indices of the vectors that the network reads
"""

from amadeus.profile.conditions import NUM_CONDITIONS, conditions
from amadeus.profile.measure import measure_profile, profile_of_score
from amadeus.profile.profile import FIELDS, MEASURES, Part, Profile

__all__ = [
    "FIELDS",
    "MEASURES",
    "NUM_CONDITIONS",
    "Part",
    "Profile",
    "conditions",
    "measure_profile",
    "profile_of_score",
]
