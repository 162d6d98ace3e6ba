"""The schema's revisions, run by alembic (schema.py)."""
