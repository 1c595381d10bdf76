"""Nested records (JSON, XML) to rows: what is seen of them, the plan made of it, and its carrying out."""
