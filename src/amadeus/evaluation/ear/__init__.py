"""An ear for genres: networks that tag the sound of a piece.

spectrogram  log-mel spectrograms, as the networks were trained with
network      the network, and its file
listener     the probabilities of tags for a score
genres       which genres can be heard, and the words that name them
part         a part of a report: are the genres heard that prompts name?
convert      how the files were made from musicnn's checkpoints
"""

from amadeus.evaluation.ear.genres import HEARD, audible_genres, named_genres, score_genre
from amadeus.evaluation.ear.listener import NETWORKS, hear

__all__ = ["HEARD", "NETWORKS", "audible_genres", "hear", "named_genres", "score_genre"]
