"""Realtime machinery: who listens on this node, what they are sent, who is here. Room ids and bytes, no nouns."""
