"""From a profile to templates, and what can be read off them. Pure: no account, no network."""
