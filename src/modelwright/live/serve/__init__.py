"""Answering HTTP: the ASGI application of one worker. ``app.py`` puts it together."""
