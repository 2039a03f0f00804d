#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the HTTP gateway costs, beside nginx, gateways from npm and the server's own pipes, in one run: wall-clock
figures of a shared machine mean nothing alone, so contenders take turns and their ratios are taken within a turn.
  --quick      half a minute, for a check that everything still runs (or MCPVISOR_BENCH_QUICK=1)
  --write      writes docs/performance.md
  --only PART  rates, payload, flat, calls, memory; can be given more than once
Prints a table and each goal with ok or NOT; all of it is in bench-gateway.json in the build directory. 1 when
mcpvisor could not be measured."""

import argparse
import ssl
import statistics

from contender import *  # noqa: E402,F403
import report  # noqa: E402

KIB = 1024
ROUNDS, SECONDS = 15, 0.5
SESSIONS = (1, 16, 64)
MANY_SERVERS, MANY_SESSIONS = 999, 10000
PAYLOADS = (10000, 1000000)
quick = False
running = []  # contenders that are to be stopped, whatever happens


class Failed(Exception):
    """A run whose answers were wrong, or that had none."""


# ---- one run of the load -----------------------------------------------------------


class Load:
    """tests/bench/load against a contender; held while somebody looks."""

    def __init__(self, contender, sessions, tool="echo", size=100, seconds=None, requests=None, idle=0, hold=False,
                 counters=None, warmup=None, flags=()):
        self.contender = contender
        argv = [LOAD, "--connections", sessions, "--idle", idle, "--tool", tool, "--size", size,
                "--warmup", max(4 * sessions, 50) if warmup is None else warmup]
        argv += ["--requests", requests] if requests else ["--seconds", seconds or SECONDS]
        argv += contender.load_flags(tool, size) + (["--hold"] if hold else []) + list(flags)
        argv += ["--counters", counters] if counters else []
        self.gateway, self.behind = contender.measured(), contender.behind()
        argv += ["--watch", ",".join(str(p) for p in self.gateway + self.behind)]
        self.proc = subprocess.Popen([str(a) for a in argv + [contender.address]], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                     preexec_fn=on_cpu(LOAD_CPU))
        if hold and self.proc.stdout.readline() != "ready\n":
            self.give_up()

    def give_up(self):
        _, err = self.proc.communicate(timeout=DEADLINE)
        raise Failed("%s: %s\n%s" % (self.contender.name, err.strip(), self.contender.log_tail()))

    def go(self):
        """Lets a held one measure."""
        self.proc.stdin.write("\n")
        self.proc.stdin.flush()
        return self.result()

    def result(self):
        line = self.proc.stdout.readline()
        if not line:
            self.give_up()
        got = json.loads(line)
        cpu = got.pop("cpu_us")
        got["gateway_us"] = sum(cpu[str(p)] for p in self.gateway)
        got["behind_us"] = sum(cpu[str(p)] for p in self.behind)
        return got

    def end(self):
        _, err = self.proc.communicate(timeout=120)
        if self.proc.returncode:
            raise Failed("%s: %s" % (self.contender.name, err.strip()))


def once(contender, sessions, **keys):
    if isinstance(contender, Direct):
        keys.pop("warmup", None)
        return contender.once(sessions, SECONDS, **keys)
    load = Load(contender, sessions, **keys)
    got = load.result()
    load.end()
    return got


# ---- turns ---------------------------------------------------------------------------


class Turns:
    """Results of contenders that took turns: name -> one result a round."""

    def __init__(self):
        self.results, self.failed = {}, {}

    def run(self, contenders, rounds, sessions, **keys):
        for n in range(rounds):
            order = contenders[n % len(contenders):] + contenders[:n % len(contenders)]
            for c in order:
                if c.name in self.failed:
                    continue
                try:
                    self.results.setdefault(c.name, []).append(once(c, sessions, **keys))
                except (Failed, OSError, subprocess.TimeoutExpired) as e:
                    self.failed[c.name] = str(e)
                    self.results.pop(c.name, None)
                    say("FAILED: %s" % e)
        return self

    def median(self, name, key):
        values = [r[key] for r in self.results.get(name, ()) if key in r]
        return statistics.median(values) if values else None

    def ratio(self, name, other, key):
        """The median of what each round gives; None when one of both has not run."""
        if name not in self.results or other not in self.results:
            return None
        return statistics.median(a[key] / b[key] for a, b in zip(self.results[name], self.results[other]))

    def difference(self, name, other, key):
        if name not in self.results or other not in self.results:
            return None
        return statistics.median(a[key] - b[key] for a, b in zip(self.results[name], self.results[other]))


def say(text):
    print(text, flush=True)


def start_all(out, contenders):
    """Those that can be had; says of the others why not. Ours must start."""
    up = []
    for c in contenders:
        running.append(c)
        try:
            c.start()
            up.append(c)
        except Missing as e:
            say("left out: %s: %s" % (c.name, e))
        except (ChildProcessError, TimeoutError, LookupError) as e:
            say("FAILED: %s: %s\n%s" % (c.name, e, daemons[-1].log_tail() if daemons else ""))
            out["failed"][c.name] = str(e)
    return up


def stop_all(contenders):
    for c in contenders:
        c.stop()
        if c in running:
            running.remove(c)


def memory(pid):
    """What it alone has written (pages of a file built a moment ago are dirty as well, and nobody's), and what
    it has mapped; bytes."""
    with open("/proc/%d/smaps_rollup" % pid, encoding="utf-8") as f:
        fields = dict(line.split(":", 1) for line in f.read().splitlines()[1:])
    return int(fields["Anonymous"].split()[0]) * KIB, int(fields["Rss"].split()[0]) * KIB


def row_of(turns, name, **more):
    keys = ("rate", "p50_us", "p99_us", "p999_us", "gateway_us", "behind_us", "load_cpu_us", "load_busy")
    values = {k: turns.median(name, k) for k in keys}
    return dict({"name": name}, **more, **values)


# ---- the parts -------------------------------------------------------------------------


def part_rates(out):
    """Small answers: rates and times, 1 to 64 sessions."""
    ours = [Mcpvisor(), Mcpvisor("mcpvisor, no token", auth="none"), Mcpvisor("mcpvisor, unix socket", unix=True)]
    contenders = start_all(out, ours[:1] + [NginxFixed(), NginxFile(), NginxProxied(), Direct()] + ([] if quick else ours[1:] + peers()))
    for sessions in SESSIONS:
        turns = Turns().run(contenders, ROUNDS, sessions, warmup=200 if quick else 2000)
        out["rates"] += [row_of(turns, c.name, sessions=sessions) for c in contenders if c.name in turns.results]
        out["failed"].update(turns.failed)
        report.rates(out["rates"][-len(turns.results):], sessions)
        rate_goals(out, turns, sessions)
    for c in contenders:
        for pid in c.measured():
            own, rss = memory(pid)
            out["sizes"].append({"name": c.name, "private": own, "rss": rss})
    stop_all(contenders)


def rate_goals(out, turns, sessions):
    def ratio(other, key):
        return turns.ratio("mcpvisor", other, key)

    npm = [p for p in ("supergateway", "mcp-proxy") if p in turns.results]
    best = max(npm, key=lambda p: turns.median(p, "rate"), default=None)
    goal = out["goals"].append
    if sessions == 1:
        goal(report.goal("1 session: p50 above nginx-proxied's", turns.difference("mcpvisor", "nginx-proxied", "p50_us"),
                         "us", most=15))
    else:
        goal(report.goal("%d sessions: rate, of nginx-proxied's" % sessions, ratio("nginx-proxied", "rate"), "x",
                         least=1.2))
    if sessions == 64:
        goal(report.goal("64 sessions: rate, of nginx-fixed's", ratio("nginx-fixed", "rate"), "x", least=0.6))
        goal(report.goal("64 sessions: CPU of the gateway for a call, of nginx's for a fixed file",
                         ratio("nginx-file", "gateway_us"), "x", most=1.0))
        # It has nobody behind it to wake, and does not even look for a file: what is left is HTTP.
        goal(report.goal("64 sessions: CPU of the gateway for a call, of nginx's for words of its configuration",
                         ratio("nginx-fixed", "gateway_us"), "x", most=1.25))
        if not quick:
            goal(report.goal("64 sessions: rate, of the best npm gateway's", ratio(best, "rate"), "x", least=12))
            goal(report.goal("64 sessions: CPU of the gateway for a call, of the best npm gateway's",
                             ratio(best, "gateway_us"), "x", most=1 / 30))


def part_payload(out):
    """Large arguments and answers, beside the server's own pipes."""
    contenders = start_all(out, [Mcpvisor(), Direct(), NginxProxied()])
    for size, tool, sessions in [(s, t, n) for s in PAYLOADS for t in ("echo", "blob") for n in (1, 16)]:
        some = [c for c in contenders if tool == "blob" or c.name != "nginx-proxied"]
        turns = Turns().run(some, ROUNDS, sessions, tool=tool, size=size, warmup=4 * sessions)
        rows = [row_of(turns, c.name, tool=tool, size=size, sessions=sessions) for c in some if c.name in turns.results]
        out["payload"] += rows
        out["failed"].update(turns.failed)
        report.payload(rows, tool, size, sessions)
        if size == 1000000 and sessions == 16:
            what = "arguments and answers" if tool == "echo" else "answers"
            out["goals"].append(report.goal("1 MB %s, 16 in flight: rate, of direct stdio's" % what,
                                            turns.ratio("mcpvisor", "direct stdio", "rate"), "x", least=0.6))
    stop_all(contenders)


def part_flat(out):
    """Many servers that are configured, many sessions that are open: a call costs what it cost with one."""
    one = Mcpvisor("1 server, 64 sessions")
    servers = Mcpvisor("%d servers" % (MANY_SERVERS + 1), lazy=MANY_SERVERS)
    sessions = Mcpvisor("%d sessions" % MANY_SESSIONS)
    contenders = start_all(out, [one, servers, sessions])
    held = None
    if len(contenders) < 3:
        stop_all(contenders)
        return
    try:
        held = Load(sessions, 0, idle=MANY_SESSIONS - 64, hold=True)
        # A call costs some ten microseconds: what differs is small, so more rounds are taken.
        turns = Turns().run(contenders, 2 * ROUNDS, 64, warmup=2000)
        own, rss = memory(sessions.gateway)
        out["sizes"].append({"name": "mcpvisor, %d open sessions" % MANY_SESSIONS, "private": own, "rss": rss})
        own, rss = memory(servers.gateway)
        out["sizes"].append({"name": "mcpvisor, %d servers" % (MANY_SERVERS + 1), "private": own, "rss": rss})
    finally:
        if held:
            held.proc.kill()
            held.proc.communicate()
    out["flat"] = [row_of(turns, c.name, sessions=64) for c in contenders if c.name in turns.results]
    out["failed"].update(turns.failed)
    report.rates(out["flat"], 64)
    for c in (servers, sessions):
        ratio = turns.ratio(c.name, one.name, "gateway_us")
        out["goals"].append(report.goal("%s: CPU of the gateway for a call, of that with 1 and 64" % c.name, ratio, "x",
                                        most=1.05))
    stop_all(contenders)


def syscalls(contender, sessions, requests):
    """By strace while nothing but calls happens: name -> times a call."""
    load = Load(contender, sessions, requests=requests, hold=True, warmup=0)
    log = os.path.join(tmp, "strace")
    tracer = subprocess.Popen(["strace", "-f", "-c", "-o", log] + [a for p in load.gateway for a in ("-p", str(p))],
                              stderr=subprocess.PIPE, text=True)
    try:
        if "attached" not in tracer.stderr.readline():
            return None
        load.go()
    finally:
        tracer.send_signal(signal.SIGINT)
        tracer.communicate(timeout=DEADLINE)
    load.end()
    counts = {}
    with open(log, encoding="utf-8") as f:
        for line in f:
            fields = line.split()
            if len(fields) >= 5 and fields[0].replace(".", "").isdigit() and fields[-1] != "total":
                counts[fields[-1]] = int(fields[3]) / requests
    return counts


def part_calls(out):
    """System calls and allocations for a call."""
    requests = 3000 if quick else 20000
    contenders = start_all(out, [Mcpvisor(), NginxFixed(), NginxProxied()])
    for c in contenders if shutil.which("strace") else ():
        for sessions in (1, 64):
            try:
                counts = syscalls(c, sessions, requests)
            except Failed as e:
                out["failed"][c.name] = str(e)
                say("FAILED: %s" % e)
                break
            if counts is None:
                say("left out: strace may not attach here")
                break
            out["syscalls"].append({"name": c.name, "sessions": sessions, "all": sum(counts.values()),
                                    "each": {k: round(v, 3) for k, v in counts.items() if v >= 0.005}})
            report.syscalls(out["syscalls"][-1])
            if c.name == "mcpvisor":
                pages = sum(counts.get(k, 0) for k in ("mmap", "munmap", "brk", "mremap"))
                out["goals"].append(report.goal("%d session%s: mmap and brk for a call" % (sessions, "s"[sessions == 1:]),
                                                pages, "", most=0.001))
    if not shutil.which("strace"):
        say("left out: system calls: strace is not installed")
    stop_all(contenders)
    allocations(out, 10 * requests)


# What is called while allocations are counted: by one and by many, as one object and as an event, at the one address
# of all servers and at that of one.
MIXED = [(sessions, flags) for sessions in (1, 64)
         for flags in ((), ("--sse",), ("--path", "/mcp", "--prefix", "echo__"), ("--sse", "--path", "/mcp", "--prefix", "echo__"))]


def counted_calls(c, file, tool, size, requests):
    """Calls of malloc's family by all kinds of calls together; and how many calls these were."""
    counted, calls = {}, 0
    for warm in (True, False):
        for sessions, flags in MIXED:
            n = requests // len(MIXED)
            # Until what a session keeps for clients that were away is full, it grows.
            got = once(c, sessions, tool=tool, size=size, requests=n, counters=file, warmup=1000 * sessions, flags=flags)
            if not warm:  # until then its lists and buffers had not their size
                calls += n
                counted = {k: counted.get(k, 0) + v for k, v in got["allocations"].items()}
    return counted, calls


def allocations(out, requests):
    file = os.path.join(tmp, "counters")
    wrapper = "LD_PRELOAD=%s MCPVISOR_COUNT_FILE=%s exec %s @gateway" % (COUNT_MALLOC, file, MCPVISOR)
    for tool, size in (("echo", 100), ("blob", 10000)):
        c = Mcpvisor("mcpvisor", wrapper=wrapper)
        each = None
        if not start_all(out, [c]):
            continue
        try:
            counted, n = counted_calls(c, file, tool, size, requests if size == 100 else requests // 10)
            each = (counted["malloc"] + counted["calloc"] + counted["realloc"]) / n
            out["allocations"].append({"tool": tool, "size": size, "calls": n, "each": each, "counted": counted})
        except Failed as e:
            out["failed"][c.name] = str(e)
            say("FAILED: %s" % e)
        stop_all([c])
        # A list that grows once more is no fault.
        out["goals"].append(report.goal("allocations for a call, %s %d B" % (tool, size), each, "", most=0.001))


def certificate():
    """For memory with TLS; None where openssl is not there."""
    key, cert = os.path.join(tmp, "tls.key"), os.path.join(tmp, "tls.crt")
    argv = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2",
            "-subj", "/CN=localhost", "-keyout", key, "-out", cert]
    if not shutil.which("openssl") or subprocess.run(argv, capture_output=True, check=False).returncode:
        return None
    return {"cert": cert, "key": key}


def ask_by_tls(address):
    """The load speaks no TLS, and a context that nobody has used yet is small."""
    host, port = address.rsplit(":", 1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    with socket.create_connection((host, int(port)), DEADLINE) as raw, context.wrap_socket(raw) as s:
        s.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        if not s.recv(4096).startswith(b"HTTP/1.1 200"):
            raise Failed("no answer by TLS")


def idle_memory(out, name, most, sessions=0, **keys):
    """Once it has answered something: what only the first call needs is counted too."""
    c = Mcpvisor(name, **keys)
    running.append(c)
    try:
        c.start()
        if "tls" in keys:
            ask_by_tls(c.address)
        else:
            once(c, 1, requests=10, warmup=0)
        held = Load(c, 0, idle=sessions, hold=True) if sessions else None
        own, rss = memory(c.gateway)
        sup = memory(c.daemon.pid)
        out["sizes"].append({"name": name, "private": own, "rss": rss, "supervisor": sup[0]})
        if held:
            held.proc.communicate("\n", timeout=60)
    except (Failed, OSError) as e:
        own = None
        out["failed"][name] = str(e)
        say("FAILED: %s" % e)
    stop_all([c])
    value = None if own is None else own / 1e6
    out["goals"].append(report.goal("%s: private memory of the gateway" % name, value, "MB", most=most))


def part_memory(out):
    idle_memory(out, "idle, 1 server", 2.5)
    tls = certificate()
    if tls:
        idle_memory(out, "idle, with TLS", 4, tls=tls)
    else:
        say("left out: memory with TLS: no openssl here")
    idle_memory(out, "50 servers, 1000 idle sessions", 20, sessions=1000, eager=49)
    report.sizes(out["sizes"])
    memory_after_many(out, 200 * 1000 if quick else 10 * 1000 * 1000)


def memory_after_many(out, calls):
    """Whether it grows with the calls: of both tools, by 64 sessions that go on and by others that come and go."""
    c = Mcpvisor()
    grown = None
    if not start_all(out, [c]):
        return
    try:
        def ask(n):
            for _ in range(10):
                once(c, 64, tool="echo", size=100, requests=n // 20)
                once(c, 64, tool="blob", size=1000, requests=n // 20)
            return memory(c.gateway)

        before = ask(calls // 100)
        after = ask(calls)
        grown = (after[0] - before[0]) / 1e6
        say("memory after %d calls: %.0f KiB private, %.0f KiB RSS; after %d: %.0f, %.0f" % (
            calls // 100, before[0] / KIB, before[1] / KIB, calls, after[0] / KIB, after[1] / KIB))
    except Failed as e:
        out["failed"][c.name] = str(e)
        say("FAILED: %s" % e)
    stop_all([c])
    out["goals"].append(report.goal("after %d calls: private memory of the gateway, above that after 1 %% of them" % calls,
                                    grown, "MB", most=0.1))


PARTS = {"rates": part_rates, "payload": part_payload, "flat": part_flat, "calls": part_calls, "memory": part_memory}


def measure(parts):
    out = {"machine": report.machine(), "rounds": ROUNDS, "seconds": SECONDS, "pinned": PINNED, "rates": [], "payload": [],
           "flat": [], "syscalls": [], "allocations": [], "sizes": [], "goals": [], "failed": {}}
    for name in parts:
        say("==> %s: %s" % (name, PARTS[name].__doc__.split("\n")[0] if PARTS[name].__doc__ else "memory"))
        PARTS[name](out)
    return out


def main_bench():
    global quick, ROUNDS, SECONDS, SESSIONS, MANY_SERVERS, MANY_SESSIONS, PAYLOADS
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true")
    options.add_argument("--write", action="store_true")
    options.add_argument("--only", action="append", choices=PARTS)
    args = options.parse_args()
    quick = args.quick or bool(os.environ.get("MCPVISOR_BENCH_QUICK"))
    if quick:
        ROUNDS, SECONDS, MANY_SERVERS, MANY_SESSIONS, PAYLOADS = 3, 0.2, 199, 1000, (1000000,)
    out = measure(args.only or list(PARTS))
    report.goals(out["goals"])
    with open(os.path.join(BUILD, "bench-gateway.json"), "w", encoding="utf-8") as f:
        json.dump(out, f, indent=1)
    if args.write:
        report.write(os.path.join(SRC, "docs/performance.md"), out)
    return 1 if any("mcpvisor" in name or "idle" in name for name in out["failed"]) else 0


if __name__ == "__main__":
    status = 1
    try:
        status = main_bench()
    finally:
        stop_all(list(running))
        for each in list(daemons):
            each.end()
        shutil.rmtree(tmp, ignore_errors=True)
    sys.exit(status)
