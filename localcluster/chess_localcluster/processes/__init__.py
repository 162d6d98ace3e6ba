"""Processes that outlive the command which started them: how they are started, found again and stopped."""
