"""Take synthesised stacks to an account, after grading what that changes."""
