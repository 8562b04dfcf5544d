"""Words: captions written from what the music measures, and their encoder."""
