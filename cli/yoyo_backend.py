"""yoyo on psycopg 3, as the role pgwhen_owner, with its tables in schema pgwhen."""

import hashlib
import socket
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import conninfo_to_dict
from yoyo import read_migrations
from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
from yoyo.connections import DatabaseURI
from yoyo.migrations import Migration, default_migration_table

from .migrate import MigrateError, explain


class Backend(PostgresqlPsycopgBackend):  # type: ignore[misc]
    """A migration and what says that it was applied are one transaction.

    yoyo's own ``apply_one`` commits the migration first and marks it in a second transaction: killed in between, the
    next run would apply it again.
    """

    lock_timeout = "10s"

    def init_connection(self, connection: Any) -> None:
        """Called for each connection, and after a rollback."""
        connection.execute(
            f"set role pgwhen_owner; set search_path = pgwhen, pg_catalog; set lock_timeout = '{self.lock_timeout}'"
        )

    def apply_one(self, migration: Migration, force: bool = False, mark: bool = True) -> None:
        """Apply a migration and mark it."""
        migration.load()
        if not migration.use_transactions:
            super().apply_one(migration, force, mark)
            self._remember(migration)
            return
        with self.transaction():
            migration.process_steps(self, "apply", force=force)
            self.log_migration(migration, "apply")
            self.mark_one(migration, log=False)
            self._remember(migration)

    def _remember(self, migration: Migration) -> None:
        digest = hashlib.sha256(Path(migration.path).read_bytes()).hexdigest()
        self.execute(
            "insert into migration_files (migration_id, sha256) values (:id, :sha256)",
            {"id": migration.id, "sha256": digest},
        )

    def get_log_data(self, migration: Migration | None = None, operation: str = "apply") -> dict[str, Any]:
        """yoyo's, without asking DNS for our full name, which takes seconds where there is no DNS."""
        getfqdn, socket.getfqdn = socket.getfqdn, lambda name="": socket.gethostname()
        try:
            data: dict[str, Any] = super().get_log_data(migration, operation)
        finally:
            socket.getfqdn = getfqdn
        return data


def apply(dsn: str, folder: Path, pending: Collection[str], lock_timeout: str, report: Callable[[str], None]) -> None:
    """Apply the migrations named in ``pending``, in yoyo's order (dependencies, then names).

    Raises MigrateError; what came before the migration that failed is committed.
    """
    arguments = conninfo_to_dict(dsn)
    uri = DatabaseURI("postgresql+psycopg", None, None, None, None, arguments.pop("dbname", None), arguments)
    backend = type("Configured", (Backend,), {"lock_timeout": lock_timeout})(uri, default_migration_table)
    with backend:
        for migration in backend.to_apply(read_migrations(str(folder))):
            if migration.id in pending:
                report(f"migration {migration.id}")
                try:
                    backend.apply_one(migration)
                except psycopg.Error as error:
                    raise MigrateError(explain(error, f"migrations/{Path(migration.path).name}")) from error
