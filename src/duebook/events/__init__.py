"""What happened, when, and who did it: the audit trail, and the memory of requests already done."""
