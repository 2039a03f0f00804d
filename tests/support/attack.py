# SPDX-License-Identifier: Apache-2.0
"""One server against the daemon: takes stock before, and holds the daemon to it
afterwards. Who uses it starts a server that was idle, lets it do its worst, and
stops it; what is counted then is processes, descriptors, groups, memory, and
the states that the server went through."""

from daemon import *  # noqa: F403

SOAK = bool(os.environ.get("MCPVISOR_SOAK"))
NOBODY = 65534
MIB = 1024 * 1024
# Freed memory goes back, so that what grows is ours.
SMALL = {"ASAN_OPTIONS": ":".join(filter(None, [os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=1",
                                                "malloc_context_size=0"]))}


def figure(name, text):
    """What was measured, for a person."""
    print("figure: %-44s %s" % (name, text), flush=True)


def has_groups():
    return any(os.access(d + "/cgroup.procs", os.W_OK) for d in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup"))


def trees():
    """The ways to end a tree that can be had here."""
    return (["cgroup"] if has_groups() else []) + ["pidns", "best-effort"]


def config(servers, **keys):
    """Starts are not held back, and no port is taken."""
    c = {"listen": [], "governor": {"rate": 10000, "burst": 10000, "starting": 10000}, "servers": servers}
    c.update(keys)
    return c


def victim(*behaviour, **keys):
    """A server that waits to be started by hand, ends once, and ends soon when told to."""
    keys = dict({"start": "lazy", "restart": {"policy": "never"}, "stop_timeout": "800ms", "drain_timeout": "100ms"},
                **keys)
    return mcp(*behaviour, **keys)


def fifo(name):
    """What the act `go` waits for; whoever may run it must reach it."""
    p = path(name)
    os.mkfifo(p)
    os.chmod(p, 0o644)
    return p


def open_tmp():
    """For servers of another user."""
    os.chmod(tmp, 0o755)


def go(p):
    """Wakes a child in the act `go`; waits until it is there."""
    def opened():
        try:
            return os.open(p, os.O_WRONLY | os.O_NONBLOCK) + 1
        except OSError:
            return 0

    os.close(until(opened, what="a child at " + p) - 1)


def settled(look):
    """What it is when nobody is about to change it: connections that we have closed are still being closed there."""
    seen = [look()]
    while len(seen) < 4 or any(x != seen[-1] for x in seen[-4:]):
        time.sleep(0.01)
        seen.append(look())
    return seen[-1]


def rss(pid):
    return private_memory(pid)


# The states of a server that was started and stopped, and of one that ended by itself.
STAYED = ("starting", "ready", "draining", "stopping", "stopped")
LEFT = ("starting", "ready", "stopping", "idle")


def says(d, name, text):
    return [x for x in d.lines("logs " + name) if text in x.get("text", "")]


def wait_says(d, name, text):
    """Until the server has said so on stderr."""
    return until(lambda: says(d, name, text), what="%s to say %r" % (name, text))


class Attack:
    """with Attack(d, "name") as a: a.start(); ...; a.stop()"""

    GROWTH = 8 * MIB

    def __init__(self, d, name, label=None):
        self.d, self.name, self.label = d, name, label or name
        self.growth = {}

    def _stock(self):
        gateway = self.d.status()["gateway"]["pid"]
        return {"daemon": self.d.pid_of_daemon(), "gateway": gateway}

    def __enter__(self):
        self.pids = self._stock()
        self.fds = settled(lambda: {k: fds_of(p) for k, p in self.pids.items()})
        self.memory = {k: rss(p) for k, p in self.pids.items()}
        self.groups = inner_groups(self.d)
        self.stream = self.d.events()
        self.states = []
        self._drain_old()
        return self

    def _drain_old(self):
        """What happened before is not ours: up to the event that is the newest now."""
        last = [e for e in self.d.lines("events") if "n" in e]
        while last:
            e = self.stream.next(DEADLINE * SLOW)
            if e is None or e["n"] >= last[-1]["n"]:
                break

    def start(self, *states):
        """Without waiting, then until it is in one of the states (ready)."""
        answer = self.d.ask("start --no-wait " + self.name)
        assert answer["ok"], answer
        return self.reach(*(states or ("ready",)))

    def reach(self, *states, deadline=DEADLINE):
        """Reads events until the server enters one of the states; remembers all of them."""
        end = time.monotonic() + deadline * SLOW
        while not self.states or self.states[-1] not in states:
            e = self.stream.next(end - time.monotonic())
            if e is None:
                raise TimeoutError("%s: waited for %s after %s\n%s" % (self.label, states, self.states[-8:],
                                                                     self.d.log_tail()))
            if e.get("type") == "server_state" and e.get("server") == self.name:
                if self.states and self.states[-1] != e["from"]:
                    self.states.append("a gap before " + e["from"])
                self.states.append(e["to"])
        return self.states[-1]

    def stop(self, *states):
        answer = self.d.ask("stop --no-wait " + self.name)
        assert answer["ok"], answer
        return self.reach(*(states or ("stopped",)))

    def watch_memory(self):
        """The most that has been seen so far."""
        for k, p in self.pids.items():
            self.growth[k] = max(self.growth.get(k, 0), rss(p) - self.memory[k])

    def over(self):
        """It ends by itself, and nobody starts it again."""
        return self.reach("idle")

    def instance(self):
        return (self.d.server(self.name)["instances"] or [None])[0]

    def mark(self):
        """What is in the environment of whatever this server has started."""
        return "MCPVISOR_ATTACK=%s.%s\0" % (self.d.name, self.name)

    def child_log(self):
        """What it was at, by its own word."""
        return path("child-%s.%s" % (self.d.name, self.name))

    def processes(self):
        return with_mark(self.mark())

    def last_exit(self):
        return self.d.server(self.name)["last_exit"]

    def ended(self, wanted_class, reason):
        last = self.last_exit() or {}
        return equal("%s: class and reason" % self.label, (last.get("class"), last.get("reason")),
                     (wanted_class, reason))

    def went(self, *states):
        return equal("%s: the states it went through" % self.label, self.states, list(states))

    def __exit__(self, kind, value, trace):
        self.stream.__exit__()
        if kind is not None:
            return
        left = lambda: self.processes()  # noqa: E731
        try:
            until(lambda: not left(), 2, "the tree of %s to be gone" % self.label)
            ok(self.label + ": nothing of its tree is left")
        except TimeoutError:
            fail(self.label + ": nothing of its tree is left", [(p, stat_of(p), cmdline(p)) for p in left()])
        if self.d.proc.poll() is not None:
            equal(self.label + ": groups", inner_groups(self.d), [])
            return
        equal(self.label + ": the roles are still the same", self._stock(), self.pids)
        try:
            until(lambda: {k: fds_of(p) for k, p in self.pids.items()} == self.fds, 2, "descriptors")
        except TimeoutError:
            pass
        equal(self.label + ": descriptors", {k: fds_of(p) for k, p in self.pids.items()}, self.fds)
        equal(self.label + ": zombies", {k: zombies_of(p) for k, p in self.pids.items()},
              {k: [] for k in self.pids})
        equal(self.label + ": groups", inner_groups(self.d), self.groups)
        self.watch_memory()
        check(self.label + ": memory is bounded", max(self.growth.values()) <= self.GROWTH, self.growth)


def read(p):
    try:
        with open(p, encoding="utf-8", errors="replace") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def inner_groups(d):
    """The daemon's group and those below it, by name."""
    return sorted(os.path.join(g, x) for g in d.groups()
                  for x in os.listdir(g) if os.path.isdir(os.path.join(g, x)))


def cmdline(pid):
    try:
        with open("/proc/%d/cmdline" % pid, "rb") as f:
            return f.read().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return "?"


class Field(Daemon):
    """A daemon whose servers all carry marks of their own."""

    def __init__(self, servers, keys=None, home=None, **args):
        """`home`: where its directories are, for a user who may not write to ours."""
        self.servers, self.home = servers, home
        env = dict(SMALL, **args.pop("env", {}))
        super().__init__(config(servers, **(keys or {})), env=env, **args)

    def write_config(self, c):
        if self.home:
            os.chown(self.dir, NOBODY, NOBODY)
        for name, s in c["servers"].items():
            s.setdefault("env", {})["MCPVISOR_ATTACK"] = "%s.%s" % (self.name, name)
            s["env"]["CHILD_LOG"] = path("child-%s.%s" % (self.name, name))
        super().write_config(c)

    def pid_of_daemon(self):
        return self.status()["pid"]
