"""Who you are: guests, their names and their sessions."""
