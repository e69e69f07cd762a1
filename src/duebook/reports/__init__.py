"""What the books say: verify, reports, the dashboard's figures, receipts. Sends receipts, else only reads."""
