"""What is measured, against whom, and the last results. Figures are never part of the test suite: machines differ."""
