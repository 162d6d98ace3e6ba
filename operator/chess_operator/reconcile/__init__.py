"""One ChessCluster at a time: observe, decide, apply, report; again whenever something happens."""
