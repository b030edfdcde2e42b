"""Parlour: a room to talk in, for anyone, at once."""
