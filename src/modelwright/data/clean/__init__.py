"""Cleaning: infer, from whole columns, how text becomes types; then apply it, value by value."""
