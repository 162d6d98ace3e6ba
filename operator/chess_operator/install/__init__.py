"""What installs the operator in a cluster, generated: `python -m chess_operator.install`."""
