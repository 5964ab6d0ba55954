import pytest

from tests.sql.explain.support import Db, Shop


@pytest.fixture
def shop(db: Db) -> Shop:
    """jobs and clients, attached, and a fake clock that stands at noon on 5 January 2026."""
    db.execute(
        """
        update pgwhen.settings set value = 'true' where name = 'test_mode';
        create table clients (id integer primary key, city text);
        create table jobs (
          id integer primary key, title text, status text default 'new', total numeric, due timestamptz,
          client_id integer references clients);
        insert into clients values (1, 'Delft'), (2, 'Ghent');
        grant select on clients to pgwhen_actions;
        """
    )
    shop = Shop(db)
    shop.at("2026-01-05T12:00:00Z")
    db.execute("select pgwhen.attach('jobs')")
    return shop
