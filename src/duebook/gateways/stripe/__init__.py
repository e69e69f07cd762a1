"""Stripe, through its own SDK. Whatever is peculiar to Stripe stays in this folder."""
