"""(a) What an attached table costs the application that writes to it.

Five tables of one shape: without a trigger; attached, with nobody subscribed; attached, with a workflow that matches
every insert; with a row-level trigger that calls pgmq.send, as one writes it by hand; with the floor's trigger, which
does nothing but look up that nobody waits. The first is the peer of all, the last of the second too.
"""

import re
import subprocess
import tempfile
import time
from pathlib import Path

from .figures import Figure, Sizes
from .server import Connection, Place, apply, attach, connect, create_table, forget, insert_rows, workflow

TABLES = {
    "leads_plain": "no trigger",
    "leads_unsubscribed": "attached, nobody subscribed",
    "leads_matching": "attached, a workflow matches",
    "leads_pgmq": "row-level trigger with pgmq.send",
    "leads_floor": "the floor's trigger, nobody subscribed",
}
#: Clients -> what is expected of the tables' ratio to the table without a trigger.
SINGLE = {"leads_unsubscribed": ">= 0.80", "leads_matching": ">= 0.55"}
CLIENTS = (1, 8)

PGMQ_TRIGGER = """
select pgmq.create('rows');
create function send_row() returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform pgmq.send('rows', jsonb_build_object('table', tg_table_name, 'operation', tg_op, 'new', to_jsonb(new)));
  return null;
end
$$;
create trigger send_row after insert on leads_pgmq for each row execute function send_row();
"""


FLOOR_TRIGGER = """
create trigger capture after insert on leads_floor referencing new table as new_rows
for each statement execute function floor.capture();
"""


def run(place: Place, sizes: Sizes) -> list[Figure]:
    """The figures."""
    dsn = place.create("capture")
    with connect(dsn) as connection:
        set_up(connection)
        single = {(table, clients): [] for table in TABLES for clients in CLIENTS}  # type: dict[tuple[str, int], list[float]]
        bulk = {table: [] for table in TABLES}  # type: dict[str, list[float]]
        for _ in range(sizes.rounds):
            for clients in CLIENTS:
                for table in TABLES:
                    _empty(connection)
                    single[table, clients].append(_transactions(place, dsn, table, clients, sizes.seconds))
        for _ in range(sizes.rounds):
            for table in TABLES:
                _empty(connection)
                bulk[table].append(_rows(connection, table, sizes.bulk_rows))
    return _figures(single, bulk, sizes.bulk_rows)


def _figures(single: dict[tuple[str, int], list[float]], bulk: dict[str, list[float]], rows: int) -> list[Figure]:
    figures = [
        Figure(
            f"{title}; {clients} client{'s'[: clients > 1]}",
            "tps",
            single[table, clients],
            single["leads_plain", clients] if table != "leads_plain" else (),
            SINGLE.get(table, ""),
        )
        for clients in CLIENTS
        for table, title in TABLES.items()
    ]
    figures += [
        Figure(
            f"nobody subscribed, beside the floor's trigger; {clients} client{'s'[: clients > 1]}",
            "tps",
            single["leads_unsubscribed", clients],
            single["leads_floor", clients],
        )
        for clients in CLIENTS
    ]
    figures += [
        Figure(
            f"{title}; {rows:,} rows at once",
            "rows/s",
            bulk[table],
            bulk["leads_plain"] if table != "leads_plain" else (),
            ">= 95,000" if table == "leads_matching" else "",
            of_value=True,
        )
        for table, title in TABLES.items()
    ]
    figures.append(
        Figure(
            f"a workflow matches, beside the row-level trigger; {rows:,} rows at once",
            "rows/s",
            bulk["leads_matching"],
            bulk["leads_pgmq"],
            ">= 3.00",
        )
    )
    return figures


def set_up(connection: Connection) -> None:
    """The tables, and who waits for them."""
    for table in TABLES:
        create_table(connection, table)
    attach(connection, "leads_unsubscribed")
    attach(connection, "leads_matching")
    apply(connection, workflow("matching", {"table": "leads_matching", "row": "created"}))
    connection.execute(PGMQ_TRIGGER)
    connection.execute((Path(__file__).parent / "floor.sql").read_bytes())
    connection.execute(FLOOR_TRIGGER)


def _empty(connection: Connection) -> None:
    connection.execute(f"truncate {', '.join(TABLES)}, pgmq.q_rows")
    forget(connection)


def _transactions(place: Place, dsn: str, table: str, clients: int, seconds: int) -> float:
    """Transactions a second of pgbench, each with one insert of one row, prepared."""
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as script:
        script.write(
            "\\set score random(1, 1000)\n"
            f"insert into {table} (email, name, status, score) values ('ann@example.com', 'Ann', 'new', :score);\n"
        )
        script.flush()
        command = [
            *(place.program("pgbench"), "--no-vacuum", f"--file={script.name}", f"--time={seconds}"),
            *(f"--client={clients}", f"--jobs={min(clients, 2)}", "--protocol=prepared", dsn),
        ]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    match = re.search(r"^tps = ([\d.]+)", output, re.MULTILINE)
    if not match:
        raise RuntimeError(f"pgbench printed no rate: {output}")
    return float(match[1])


def _rows(connection: Connection, table: str, count: int) -> float:
    started = time.perf_counter()
    insert_rows(connection, table, count)
    return count / (time.perf_counter() - started)
