"""What the books say: verify, reports, the dashboard's figures, receipts. Reads, but for a receipt's event."""
