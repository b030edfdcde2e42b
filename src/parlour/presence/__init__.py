"""Who is here now: never stored, announced as it changes."""
