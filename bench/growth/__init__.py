"""What things cost as rooms fill with messages and a server with rooms: nothing may grow with what is not asked for."""
