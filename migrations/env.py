"""Alembic's entry: run the migrations on the connection that `idp.storage.migrate` opened."""

from alembic import context

import idp.schema
from idp.storage import Base

connection = context.config.attributes["connection"]
assert idp.schema.TABLES  # imported so that autogenerate sees every room's tables
context.configure(
    connection=connection, target_metadata=Base.metadata, compare_type=True, transactional_ddl=False
)
# The driver is in autocommit: the whole upgrade is one transaction of ours, on both engines.
begin = "BEGIN IMMEDIATE" if connection.dialect.name == "sqlite" else "BEGIN"
connection.exec_driver_sql(begin)
try:
    context.run_migrations()
except BaseException:
    connection.exec_driver_sql("ROLLBACK")
    raise
connection.exec_driver_sql("COMMIT")
