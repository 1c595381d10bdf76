"""A released model being served, logged, watched and replaced. Its state lies in one folder: place.py."""
