"""What the venue holds, read over REST for the platform's reconciliation."""
