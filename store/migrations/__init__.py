"""How the tables came to be: one Alembic revision a change, newest last. ``HEAD`` is what this program works with."""

from __future__ import annotations

HEAD = "0010"
