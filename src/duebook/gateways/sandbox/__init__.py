"""The sandbox: a card processor of our own that moves no money, and the adapter that speaks to it."""
