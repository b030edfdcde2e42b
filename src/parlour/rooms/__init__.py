"""Rooms, their codes, who is a member, and how long a room lives."""
