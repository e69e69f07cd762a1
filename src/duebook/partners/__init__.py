"""Referral partners and who referred whom."""
