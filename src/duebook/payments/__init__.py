"""Money in: recording it, applying it to invoices, and undoing either."""
