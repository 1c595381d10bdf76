"""Labels by hand: what is asked of whom about which items, what they answered, and what follows from it."""
