"""The bottom of the house: engine, transaction, clock and column types.

Owns: how both engines (SQLite, PostgreSQL) are opened, begun, committed and migrated.
Does not own: any table. Every room declares its own on `Base`.
What differs by engine lives here and nowhere else (`design.md` decision 1).
"""

from idp.storage.columns import Base, UtcDateTime, db_now
from idp.storage.engine import Database, Transaction

__all__ = ["Base", "Database", "Transaction", "UtcDateTime", "db_now"]
