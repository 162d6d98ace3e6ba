"""Troposphere stacks and the command line that takes them to an account and back."""
