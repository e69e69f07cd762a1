"""The products that orders are made of."""
