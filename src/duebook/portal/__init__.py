"""What referral partners see of themselves: signed in by a link, apart from the staff."""
