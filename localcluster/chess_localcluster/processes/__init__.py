"""Processes that outlive the command that started them: started, found again and stopped."""
