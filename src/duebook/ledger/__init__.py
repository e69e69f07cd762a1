"""The books: accounts, transfers between them, and the day until which they are closed."""
