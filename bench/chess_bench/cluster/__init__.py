"""The cluster that a run uses: reached by kubectl, set up before anybody plays, cleaned up afterwards."""
