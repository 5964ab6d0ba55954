"""Database steps come with a later version; the call is there."""

from tests.conftest import Connect


def test_there_is_none_to_run(connect: Connect) -> None:
    assert connect(user="pgwhen_poller").execute("select pgwhen.run_database_step()").fetchone() == (None,)
