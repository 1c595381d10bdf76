"""Reading: one file a format, one small interface, rows exactly as the source gives them."""
