"""Placing, changing and cancelling an order together with its invoice."""
