"""The cluster that a run uses: reached by kubectl, set up before the first player comes, cleaned up afterwards."""
