"""Where things are kept: the database, the journal that alone writes to a room's log, the schema's history."""
