"""What referral partners earn: accruals, entries and payouts. Reads no payments, only invoices' counters."""
