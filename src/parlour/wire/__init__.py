"""The wire, pure: frames, codec, connection state machines and public codes. No I/O, no clock, no framework."""
