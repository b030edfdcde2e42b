"""What people say: posting, history, and the room's log as its readers see it."""
