import time, os, asyncio
from tests.poller.support import *
from tests.poller.test_loop import Running
from tests.servers import http_server, wait_until, Answer
from pgwhen.poller import database as D, http as H, loop as L
T=[]
def wrap(cls, name):
    f=getattr(cls,name)
    async def g(*a,**k):
        t=time.perf_counter()
        try: return await f(*a,**k)
        finally: T.append((name,t,time.perf_counter()))
    setattr(cls,name,g)
def test_lat(db, dsn):
    for n in ("tick_and_claim","freeze_actions","report_actions","go_to_door","look_again","wait"): wrap(D.Database,n)
    wrap(H.HttpClient,"send")
    arrivals={}
    def ans(call):
        arrivals[call.json["id"]]=time.perf_counter()
        return Answer()
    with http_server(ans) as server:
        w=workflow(db, post(server.url+"/"))
        with Running(settings(dsn, once=False, fallback=30.0)):
            time.sleep(1)
            tot={}
            for i in range(60):
                T.clear()
                with db.transaction():
                    happen(db, w, {"id":i})
                    db.execute("select case when not pg_try_advisory_xact_lock_shared(hashtextextended('pgwhen.doorbell', 0)) then pg_notify('pgwhen_doorbell', '') end")
                t0=time.perf_counter()
                assert wait_until(lambda: i in arrivals, 40)
                time.sleep(0.1)
                if i>=20:
                    for n,a,b in T:
                        if n=="wait" and a<t0: tot.setdefault("woken",[]).append((b-t0)*1000)
                        elif a<arrivals[i]: tot.setdefault(n,[]).append((b-a)*1000); tot.setdefault(n+" at",[]).append((a-t0)*1000)
                    tot.setdefault("arrival",[]).append((arrivals[i]-t0)*1000)
            for n,v in tot.items():
                v.sort(); print("LAT %-20s n=%d p50 %.1f p90 %.1f"%(n,len(v),v[len(v)//2],v[int(len(v)*.9)]))
            print("LAT load", os.getloadavg()[0])
    assert 0
