"""What is measured, against whom, and the last results. Never part of the test suite: machines differ."""
