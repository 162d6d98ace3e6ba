"""What a person decides about an environment: the shipped profiles, what lies over them, and what is refused."""
