"""WebSockets behind a thin interface (`link.py`), twice: picows in production, websockets as the reference."""
