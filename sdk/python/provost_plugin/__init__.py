"""Shorthand for Provost plugins: `policy` for role policies, `channel` for channels."""
