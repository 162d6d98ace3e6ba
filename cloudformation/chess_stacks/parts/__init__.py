"""What stacks are made of. Pure: no account, no network."""
