"""Parlour: a room to talk in, for anyone, at once."""

__version__ = "0.1.0"
