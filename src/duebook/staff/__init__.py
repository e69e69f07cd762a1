"""The people who work here, what each may do, and the business's own settings."""
