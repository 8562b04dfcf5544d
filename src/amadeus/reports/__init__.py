"""Reports: tables, figures, numbers and their provenance."""
