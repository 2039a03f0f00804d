#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A stop in the first moments of a server's life is never lost: not TERM to a
process that has not become the server yet, not a stop by the control socket,
not TERM to a supervisor that is just starting one. MCPVISOR_SOAK=1: 100,000."""

import random
import sys
import os

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from attack import *  # noqa: E402,F403

EARLY = os.path.join(BUILD, "tests/support/early")
SEED = int(os.environ.get("MCPVISOR_TEST_SEED", "0")) or random.randrange(1, 1 << 30)


def signals():
    """TERM by the warden, at a random moment of the first 5 ms."""
    for tree, rounds in (("pidns", 100000 if SOAK else 2000), ("best-effort", 100000 if SOAK else 1000)):
        began = time.monotonic()
        p = subprocess.run([EARLY, str(rounds), "12", os.path.join(BUILD, "mcpvisor-exec"), CHILD, tree], check=False,
                           capture_output=True, text=True, env=dict(os.environ, EARLY_SLOW=str(2 * SLOW)))
        figure("early TERM, " + tree, "%s, %.1f s" % (p.stdout.strip(), time.monotonic() - began))
        check("early TERM, %s: all ended" % tree, p.stdout.startswith("rounds %d lost 0 " % rounds),
              p.stdout + p.stderr)


def stops():
    """A stop by the control socket, 0 to 5 ms after the start was asked for: whatever is the case then, the
    server ends by itself or by TERM, and never needs KILL. Stopped is stopped."""
    rng = random.Random(SEED)
    print("seed %d" % SEED, flush=True)
    n = 150 if SLOW == 1 else 50
    names = ["s%02d" % i for i in range(n)]
    d = Field({x: victim("slow-handler", str(rng.randrange(21)), stop_timeout="%dms" % (1400 * SLOW),
                         drain_timeout="0ms", share="shared") for x in names})
    fds = settled(lambda: fds_of(d.pid))
    rounds, killed, odd, told = 0, 0, [], set()
    most = 100000  # which take a quarter of an hour
    end = time.monotonic() + (3000 if SOAK else 12)
    while time.monotonic() < end and rounds < most:
        group = rng.sample(names, n * 2 // 3)
        with d.connect() as s:
            s.sendall(("start --no-wait %s\n" % " ".join(group)).encode())
            wait = rng.random() * 0.005
            time.sleep(wait)  # the moment is what is tried
            answer = d.ask("stop " + " ".join(group), deadline=30)
        if not answer["ok"]:
            odd.append(answer)
        for x in d.status()["servers"]:
            if x["name"] in group:
                last = x["last_exit"] or {"class": "planned", "reason": "was not started yet"}
                told.add((last["class"], last["reason"]))
                killed += last.get("signal") == 9
                if x["state"] != "stopped" or x["instances"] or last["class"] != "planned":
                    odd.append((x["state"], x["instances"], last))
        rounds += len(group)
    figure("early stop by the control socket", "%d rounds, KILL needed %d" % (rounds, killed))
    for t in sorted(told):
        figure("early stop: an end", "%s: %s" % t)
    if SOAK:
        check("early stop: all the rounds were made", rounds >= most, rounds)
    equal("early stop: nothing but `stopped`", odd[:3], [])
    equal("early stop: KILL was never needed", killed, 0)
    until(lambda: not with_mark(d.mark), what="all to be gone")
    equal("early stop: no process is left", with_mark(d.mark), [])
    equal("early stop: no descriptor is left", settled(lambda: fds_of(d.pid)), fds)
    equal("early stop: TERM ends it with 0", d.stop(), 0)
    d.check_clean("early stop")


def supervisor():
    """TERM to `run` at a random moment of its start: it ends, soon, and nothing is left."""
    rng = random.Random(SEED)
    odd, slowest, rounds, at_once = [], 0, 2000 if SOAK else 64, 16
    for _ in range(rounds // at_once):
        some = []
        for _ in range(at_once):
            some.append(Daemon(run=[CHILD, "slow-handler", str(rng.randrange(21))], wait=False))
        time.sleep(rng.random() * 0.1 * SLOW)  # the moment is what is tried
        began = time.monotonic()
        for d in some:
            d.signal(signal.SIGTERM)
        for d in some:
            code = d.wait_exit()
            took = time.monotonic() - began
            slowest = max(slowest, took)
            # -15: TERM came before main's first statement, when nothing had been started.
            if code not in (0, 143, -signal.SIGTERM) or took > 6 * SLOW:
                odd.append((code, took, d.log_tail()))
        ours = [d.dir for d in some]
        left = [p for p in all_pids() if is_alive(p) and any(r in environ(p) for r in ours)]
        if left:
            odd.append([(p, cmdline(p)) for p in left])
        for d in some:
            daemons.remove(d)
    figure("early TERM to the supervisor", "%d rounds, slowest end %.2f s" % (rounds, slowest))
    equal("early TERM to the supervisor: it always ends, and leaves nothing", odd[:2], [])


def environ(pid):
    """HOME is below the daemon's directory."""
    try:
        with open("/proc/%d/environ" % pid, "rb") as f:
            return f.read().decode(errors="replace")
    except OSError:
        return ""


alarm(5400 if SOAK else 120)
main(signals, stops, supervisor)
