"""How the operator's objects are named: their kinds, their labels, their names."""
