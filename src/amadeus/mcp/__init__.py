"""A Model Context Protocol server: AI assistants compose, continue, edit and describe music."""
