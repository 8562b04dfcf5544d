"""Tokens: the fixed vocabulary, scores to tokens and back, and the grammar. numpy only.

Shapes here and everywhere: N rows of a piece, A = 8 attributes. A row is one note, or one of the
few marks that have no sound (start, end, empty bar).
"""

from amadeus.tokens.tokenizer import decode, encode
from amadeus.tokens.vocabulary import ATTRIBUTES, NUM_ATTRIBUTES, SIZES, Attribute, RowType

__all__ = ["ATTRIBUTES", "NUM_ATTRIBUTES", "SIZES", "Attribute", "RowType", "decode", "encode"]
