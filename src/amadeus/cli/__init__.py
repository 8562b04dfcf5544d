"""The command line: one module per command. Exceptions become error messages here."""
