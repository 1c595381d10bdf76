"""What the rows look like, column by column; nothing here knows the target's relations."""
