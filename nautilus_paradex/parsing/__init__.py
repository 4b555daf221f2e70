"""From the venue's messages to the platform's model objects and back: pure functions, no I/O."""
