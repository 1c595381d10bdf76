"""What the development rows say of the target, and what a person should know before trusting a model."""
