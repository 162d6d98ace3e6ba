"""`make demo`: players come and go in waves while the operator follows; every number of it is checked."""
