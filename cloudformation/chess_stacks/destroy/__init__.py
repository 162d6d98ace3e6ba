"""Take stacks out of an account again, and first what would keep them there."""
