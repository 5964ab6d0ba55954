import subprocess, sys, time, os, threading
from tests.poller.support import *
from tests.servers import unused_port


def test_x(db, dsn):
    import cProfile, pstats

    for delay in (0, 0.05):
        port = unused_port()
        p = subprocess.Popen([sys.executable, "/tmp/pf/sink.py", str(port), str(delay)], stdout=subprocess.PIPE)
        p.stdout.readline()
        w = workflow(db, post(f"http://127.0.0.1:{port}/x"), name=f"w{int(delay * 100)}")
        n = 8000
        db.execute(
            "insert into pgmq.q_pgwhen_events (vt, enqueued_at, message) select clock_timestamp(), pgwhen._now(), jsonb_build_object('v',1,'attachment',%s::int,'operation','insert','actor','app','new',jsonb_build_object('id',g)) from generate_series(1,%s) g",
            [w.attachment_id, n],
        )
        t = time.time()
        c = time.process_time()
        if delay == 0 and os.environ.get("PROF"):
            pr = cProfile.Profile()
            pr.enable()
        s = run(dsn, lease=60.0)
        if delay == 0 and os.environ.get("PROF"):
            pr.disable()
            pstats.Stats(pr).sort_stats("tottime").print_stats(35)
        t = time.time() - t
        c = time.process_time() - c
        print(
            delay,
            s,
            round(t, 2),
            "rate",
            round(n / t),
            "poller cpu us/action",
            round(c / n * 1e6),
            "load",
            os.getloadavg(),
        )
        p.kill()
        p.communicate()
    assert 0
