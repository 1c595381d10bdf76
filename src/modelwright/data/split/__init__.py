"""Parting the rows: what may be learned from, and what is sealed until the end."""
