"""What is owed: one invoice for each order."""
