"""What was bought, by whom, through which partners."""
