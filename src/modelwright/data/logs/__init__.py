"""System logs: their formats, lines parsed into templates and parameters, counts per window of time."""
