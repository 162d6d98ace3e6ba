"""The manifests that install the operator in a cluster: `python -m chess_operator.install` writes them."""
