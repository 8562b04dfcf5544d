"""A server of the Model Context Protocol: assistants compose, continue, edit and describe music."""
