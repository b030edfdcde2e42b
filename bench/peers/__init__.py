"""Other people's servers, as small as each can be written: what is posted goes to the room, and is answered.

None of them stores anything, knows who speaks, or parses what was said. Each is set up as its own documentation
recommends for speed, with compression off, and runs as one process.
"""
