"""The pages of ``modelwright label``: one item at a time, what others said, and how far it is."""
