"""What a tenant sees of kill switches."""

from collections.abc import Callable

from tests.conftest import Connect
from tests.sql.engine.support import Connection


def test_a_tenant_sees_its_own_and_the_one_for_all(db: Connection, login: Callable[..., str], connect: Connect) -> None:
    db.execute("insert into pgwhen.tenants (tenant) values ('acme')")
    login("pgwhen_viewer")
    viewer = connect(user="test_pgwhen_viewer")
    db.execute("insert into pgwhen.tenant_roles values (%s, 'acme')", viewer.execute("select session_user").fetchone())
    assert viewer.execute("select * from pgwhen.list_kill_switches()").fetchall() == []
    db.execute("select pgwhen.throw_kill_switch('ours')")
    assert viewer.execute("select * from pgwhen.list_kill_switches()").fetchall() == []
    db.execute("select pgwhen.throw_kill_switch('everybody', p_all => true)")
    rows = viewer.execute("select scope, workflow, reason, held from pgwhen.list_kill_switches()").fetchall()
    assert rows == [("all", None, "everybody", 0)]
