"""Reports: what was measured, in tables, pictures and numbers, and how to get the same again."""
