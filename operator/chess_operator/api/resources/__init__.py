"""What the operator's objects are called: their kinds, their labels."""
