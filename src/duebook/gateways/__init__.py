"""The door to card processors: one protocol, an adapter for each, and the business's accounts with them."""
