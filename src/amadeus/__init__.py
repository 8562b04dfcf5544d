"""Amadeus composes symbolic music, with control over every attribute of every note."""
