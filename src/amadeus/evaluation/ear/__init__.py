"""An ear for genres: networks that hear in rendered audio what a piece sounds like."""
