"""What a machine must have before `up` changes anything on it: looked up, then judged, one line a check."""
