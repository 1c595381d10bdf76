"""Watching a live model: what is tested, how alarms open and clear, how good the model is by now."""
