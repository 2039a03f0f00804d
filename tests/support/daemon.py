# SPDX-License-Identifier: Apache-2.0
"""For system tests of the daemon: starts the real executable, speaks to its
control socket, waits on events with deadlines, and looks afterwards whether
anything was left behind. Each check counts once; finish() prints the totals."""

import atexit
import glob
import hashlib
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

SRC = os.environ.get("top_srcdir", os.path.realpath(os.path.join(os.path.dirname(__file__), "../..")))
BUILD = os.environ.get("top_builddir", os.getcwd())
MCPVISOR = os.path.join(BUILD, "mcpvisor")
TEST_DAEMON = os.path.join(BUILD, "tests/support/daemon")
FAKE_GATEWAY = os.path.join(BUILD, "tests/support/gateway-fake")
HELPER = os.path.join(BUILD, "mcpvisor-exec")
if not os.path.exists(HELPER):  # one executable for all (--enable-static)
    HELPER = MCPVISOR
CHILD = os.path.join(BUILD, "tests/support/child")
DEADLINE = 20.0  # for what takes milliseconds: a loaded machine is no failure
OWN_PORT = "127.0.0.1:0"  # daemons of other tests run at the same time
SOAK = bool(os.environ.get("MCPVISOR_SOAK"))  # longer, for nobody waits
SLOW = 4 if "address" in os.environ.get("SAN_FLAGS", "") else 1
COVERAGE = "--coverage" in os.environ.get("SAN_FLAGS", "")  # its counters are dirty pages of the executable

passed = failed = skipped = 0
tmp = tempfile.mkdtemp(prefix="mcpvisor-test.")
daemons = []


def ok(name):
    global passed
    passed += 1
    print("ok: " + name, flush=True)


def fail(name, detail=""):
    global failed
    failed += 1
    print("FAILED: " + name, flush=True)
    for line in str(detail).splitlines()[:40]:
        print("    " + line, flush=True)


def skip(name):
    global skipped
    skipped += 1
    print("skipped: " + name, flush=True)


def check(name, condition, detail=""):
    """Counts once; the detail is shown only when it fails."""
    if condition:
        ok(name)
    else:
        fail(name, detail)
    return bool(condition)


def equal(name, got, wanted):
    return check(name, got == wanted, "got    %r\nwanted %r" % (got, wanted))


def finish():
    for d in daemons:
        d.end()
    shutil.rmtree(tmp, ignore_errors=True)
    print("# totals: %d %d %d" % (passed, failed, skipped), flush=True)
    if failed or not passed + skipped:
        os._exit(1)
    os._exit(77 if not passed else 0)


def main(*tests):
    """Runs each test function; an exception is one failure of it."""
    only = sys.argv[1:]
    for test in tests:
        if only and test.__name__ not in only:
            continue
        before = len(daemons)
        try:
            test()
        except Exception as e:  # noqa: BLE001: whatever it is, it is a failed test
            import traceback

            log = "\n".join(d.log_tail() for d in daemons[before:])
            fail(test.__name__, traceback.format_exc() + log)
        for d in daemons[before:]:
            d.end()
        del daemons[before:]
    finish()


def until(condition, deadline=DEADLINE, what="a condition"):
    """For what the kernel tells nobody (the end of a foreign process): looks again and again, and
    returns what `condition` returned as soon as that is true."""
    end = time.monotonic() + deadline * SLOW
    while True:
        got = condition()
        if got:
            return got
        if time.monotonic() > end:
            raise TimeoutError("waited %.0f s for %s" % (deadline * SLOW, what))
        time.sleep(0.005)


def path(name):
    return os.path.join(tmp, name)


def write(name, text):
    with open(path(name), "w", encoding="utf-8") as f:
        f.write(text)
    return path(name)


# ---- processes ---------------------------------------------------------------


def stat_of(pid):
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as f:
            text = f.read()
    except (FileNotFoundError, ProcessLookupError):
        return None
    rest = text[text.rindex(")") + 2 :].split()
    return {"state": rest[0], "ppid": int(rest[1])}


def all_pids():
    return [int(p) for p in os.listdir("/proc") if p.isdigit()]


def is_alive(pid):
    s = stat_of(pid)
    return s is not None and s["state"] not in "ZX"


def children_of(pid):
    got = []
    for p in all_pids():
        s = stat_of(p)
        if s and s["ppid"] == pid:
            got.append(p)
    return got


def descendants(pid):
    parents = {}
    for p in all_pids():
        s = stat_of(p)
        if s:
            parents.setdefault(s["ppid"], []).append(p)
    got, todo = [], [pid]
    while todo:
        for p in parents.get(todo.pop(), []):
            got.append(p)
            todo.append(p)
    return got


def with_mark(mark):
    """Processes whose environment holds the mark: what a server has started, wherever it went."""
    got = []
    for p in all_pids():
        try:
            with open("/proc/%d/environ" % p, "rb") as f:
                if mark.encode() in f.read() and is_alive(p):
                    got.append(p)
        except OSError:
            pass
    return got


def zombies_of(pid):
    return [p for p in children_of(pid) if (stat_of(p) or {}).get("state") == "Z"]


def fds_of(pid):
    try:
        return len(os.listdir("/proc/%d/fd" % pid))
    except OSError:
        return -1


def private_memory(pid):
    """What it has written itself, in bytes. Private_Dirty would also count pages of an executable that the linker
    wrote a moment ago, until they are on the disk."""
    with open("/proc/%d/smaps_rollup" % pid, encoding="utf-8") as f:
        m = re.search(r"Anonymous:\s+(\d+)", f.read())
    return int(m.group(1)) * 1024


def cgroup_dirs():
    """Directories of the kind that the daemon makes, wherever the hierarchy is mounted."""
    got = []
    for base in ("/sys/fs/cgroup/unified", "/sys/fs/cgroup"):
        if os.path.exists(base + "/cgroup.procs"):
            for d, names, _ in os.walk(base):
                got += [os.path.join(d, n) for n in names if n.startswith("mcpvisor-")]
            break
    return got


def cpu_of(pid):
    """Seconds of CPU time of the process so far."""
    with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as f:
        text = f.read()
    rest = text[text.rindex(")") + 2 :].split()
    return (int(rest[11]) + int(rest[12])) / os.sysconf("SC_CLK_TCK")


def wakeups_of(pid):
    """How often it has begun to wait."""
    with open("/proc/%d/status" % pid, encoding="utf-8") as f:
        return int(re.search(r"^voluntary_ctxt_switches:\s+(\d+)", f.read(), re.M).group(1))


def remove_group(group):
    for d, _, _ in os.walk(group, topdown=False):
        try:
            os.rmdir(d)
        except OSError:
            return False
    return True


# ---- the daemon --------------------------------------------------------------


class Daemon:
    """serve (config given) or run (argv given). Its directories are its own."""

    def __init__(self, config=None, run=None, flags=(), env=None, gateway=None, tree=None, wait=True,
                 runtime=None, listen=True, times=None, script=None, path=None, prefix=(), look=False,
                 **popen):
        """Listens at a port of its own, which the kernel chooses, unless `listen` is False or the
        configuration, the flags or the environment say where. `times`: milliseconds for PING, GATEWAY_GOOD,
        CRITICAL, RELOAD_PAUSE, PIPE_QUIET. `script`: the gateway is gateway-fake, one line for each of its lives.
        `look`: the gateway may start a lazy server once to see what it has.
        `prefix`: a program that execs what follows. The keys of Popen win over ours: stdout, preexec_fn and so on."""
        self.name = "d%d" % time.monotonic_ns()
        self.dir = os.path.join(tmp, self.name)
        os.mkdir(self.dir)
        self.runtime = runtime or os.path.join(self.dir, "run")
        self.state = os.path.join(self.dir, "state")
        self.log = os.path.join(self.dir, "log")
        self.mark = "MCPVISOR_MARK=" + self.name
        if script is not None:
            gateway = FAKE_GATEWAY
        # A server that only a call starts would be started once by the gateway, to see what it has.
        quiet = not look and any(word in str(config) for word in ("lazy", "session"))
        program = TEST_DAEMON if gateway or tree or times or quiet else MCPVISOR
        dirs = ["--runtime-dir", self.runtime, "--state-dir", self.state]
        environ = dict(os.environ, MCPVISOR_TEST_HELPER=HELPER, **(env or {}))
        if quiet:
            environ["MCPVISOR_TEST_NO_LOOK"] = "1"
        for key, ms in (times or {}).items():
            environ["MCPVISOR_TEST_" + key] = str(ms)
        if script is not None:
            self.script = os.path.join(self.dir, "script")
            self.set_script(script)
            environ["MCPVISOR_FAKE_GATEWAY"] = self.script
            environ["MCPVISOR_FAKE_CONTROL"] = os.path.join(self.dir, "fake")
        if "NOTIFY_SOCKET" not in (env or {}):
            environ.pop("NOTIFY_SOCKET", None)
        if gateway:
            environ["MCPVISOR_TEST_GATEWAY"] = gateway
        if tree and tree != "cgroup":
            environ["MCPVISOR_TEST_TREE"] = tree
        if "MCPVISOR_LISTEN" in environ or "--listen" in flags:
            listen = False
        self.listen = listen
        if listen and (run is not None or (isinstance(config, str) and "listen:" not in config)):
            dirs += ["--listen", OWN_PORT]
        if run is not None:
            argv = [program, "run"] + dirs + list(flags) + ["--"] + list(run)
        else:
            self.path = path or os.path.join(self.dir, "mcpvisor.yaml")
            if config is not None:
                self.write_config(config)
            argv = [program, "serve", "-c", self.path] + dirs + list(flags)
        self.argv = argv = list(prefix) + argv
        with open(self.log, "ab") as log:
            keys = dict({"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log}, **popen)
            self.proc = subprocess.Popen(argv, env=environ, **keys)
        self.pid = self.proc.pid
        daemons.append(self)
        if wait:
            self.wait_ready()

    def write_config(self, config):
        """A dict (JSON is YAML) or text. The mark is given to each server."""
        if isinstance(config, dict):
            if self.listen:
                config.setdefault("listen", [OWN_PORT])
            for s in (config.get("servers") or {}).values():
                s.setdefault("env", {})["MCPVISOR_MARK"] = self.name
            config = json.dumps(config)
        new = self.path + ".new"
        with open(new, "w", encoding="utf-8") as f:
            f.write(config)
        os.rename(new, self.path)

    # -- gateway-fake

    def set_script(self, text):
        with open(self.script + ".new", "w", encoding="utf-8") as f:
            f.write(text + "\n")
        os.rename(self.script + ".new", self.script)

    def lives(self):
        """(pid, modes) of each life of gateway-fake."""
        try:
            with open(self.script + ".lives", encoding="utf-8") as f:
                return [(int(pid), modes) for pid, _, modes in (line.strip().partition(" ") for line in f)]
        except FileNotFoundError:
            return []

    def say(self, *words):
        """A command to gateway-fake; what it answers behind "ok", or None when it says no."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(DEADLINE * SLOW)
            until(lambda: not s.connect_ex(os.path.join(self.dir, "fake")), 5, "gateway-fake")
            s.sendall((" ".join(str(w) for w in words) + "\n").encode())
            answer = s.makefile("r", encoding="utf-8").readline().strip()
        return answer[3:] if answer.startswith("ok") else None

    def say_all(self, lines):
        """Many commands at once; how many were answered by "ok"."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
            s.settimeout(DEADLINE * SLOW)
            until(lambda: not s.connect_ex(os.path.join(self.dir, "fake")), 5, "gateway-fake")
            n, f = 0, s.makefile("r", encoding="utf-8")
            for line in lines:
                try:
                    s.sendall((line + "\n").encode())
                    n += f.readline().startswith("ok")
                except OSError:
                    break
        return n

    def seen(self, kind):
        """How many messages of that type this life of gateway-fake has had."""
        return int(self.say("seen", kind))

    def log_text(self):
        with open(self.log, encoding="utf-8", errors="replace") as f:
            return f.read()

    def log_records(self):
        """The records of a JSON log; lines that are none (a person's) are left out."""
        got = []
        for line in self.log_text().splitlines():
            try:
                got.append(json.loads(line))
            except ValueError:
                pass
        return got

    def logged(self, text):
        """How many lines of the log hold it."""
        return sum(text in line for line in self.log_text().splitlines())

    def wait_logged(self, text, deadline=DEADLINE, times=1):
        return until(lambda: self.logged(text) >= times, deadline, "%r in the log" % text)

    def client(self, *argv, deadline=DEADLINE, **popen):
        """The mcpvisor client against this daemon: status, stdout, stderr."""
        environ = dict(os.environ, MCPVISOR_SOCKET=self.runtime)
        got = subprocess.run([MCPVISOR] + list(argv), env=environ, stdin=subprocess.DEVNULL, capture_output=True,
                             text=True, timeout=deadline * SLOW, check=False, **popen)
        return got

    def log_tail(self):
        return "--- log of %s\n%s" % (" ".join(self.argv), "\n".join(self.log_text().splitlines()[-25:]))

    # -- the control socket

    def connect(self):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.connect(os.path.join(self.runtime, "control.sock"))  # waits where it is crowded: no time-out before it
        s.settimeout(DEADLINE * SLOW)
        return s

    def lines(self, request, deadline=DEADLINE):
        """All lines of an answer, as objects; the last has "ok"."""
        with self.connect() as s:
            s.settimeout(deadline * SLOW)
            s.sendall((request + "\n").encode())
            got = []
            for line in s.makefile("r", encoding="utf-8"):
                got.append(json.loads(line))
                if "ok" in got[-1]:
                    return got
        raise ConnectionError("the daemon hung up after %r" % got)

    def ask(self, request, deadline=DEADLINE):
        return self.lines(request, deadline)[-1]

    def status(self):
        return self.lines("status")[0]

    def server(self, name):
        for s in self.status()["servers"]:
            if s["name"] == name:
                return s
        return None

    def events(self):
        """A generator of events from the first one kept on; ends with the daemon."""
        s = self.connect()
        s.settimeout(None)
        s.sendall(b"events -f\n")
        return EventStream(s)

    def wait_ready(self, deadline=DEADLINE):
        """The control socket answers, and the gateway is up."""

        def answers():
            if self.proc.poll() is not None:
                raise ChildProcessError("the daemon has ended with %d\n%s" % (self.proc.returncode, self.log_tail()))
            try:
                return self.status()["gateway"]["state"] == "ready"
            except OSError:
                return False

        until(answers, deadline, "the daemon")

    def wait_state(self, name, *states, deadline=DEADLINE):
        """Until the server is in one of the states; woken by events."""
        return self.wait(lambda: (lambda s: s if s and s["state"] in states else None)(self.server(name)), deadline,
                         "%s to be %s" % (name, "/".join(states)))

    def wait(self, condition, deadline=DEADLINE, what="a state"):
        end = time.monotonic() + deadline * SLOW
        with self.events() as stream:
            while True:
                got = condition()
                if got:
                    return got
                if not stream.next(end - time.monotonic()):
                    raise TimeoutError("waited for %s: %s\n%s" % (what, json.dumps(self.status()), self.log_tail()))

    # -- its end

    def signal(self, signo):
        os.kill(self.pid, signo)

    def wait_exit(self, deadline=DEADLINE):
        return self.proc.wait(deadline * SLOW)

    def stop(self, deadline=DEADLINE):
        """TERM, and the exit status."""
        self.signal(signal.SIGTERM)
        return self.wait_exit(deadline)

    def end(self):
        if self.proc.poll() is None:
            self.proc.kill()
            self.proc.wait()
        for p in with_mark(self.mark):
            try:
                os.kill(p, signal.SIGKILL)
            except ProcessLookupError:
                pass
        if any(not remove_group(g) for g in self.groups()):  # what was killed is still on its way out
            until(lambda: all(remove_group(g) for g in self.groups()), 5, "its control groups to go")

    def survivors(self):
        return with_mark(self.mark)

    def groups(self):
        """Its control groups: their names begin as src/spawn/cgroup.c makes them."""
        own = ["mcpvisor-" + hashlib.sha256(r.encode()).hexdigest()[:16]
               for r in (self.runtime, "%s/run-%d" % (self.runtime, self.pid))]
        return sorted(g for g in cgroup_dirs() if os.path.basename(g).startswith(tuple(own)))

    def check_clean(self, name):
        """After its end: no process, no group, no socket of it."""
        left = self.survivors()
        own = ["mcpvisor-" + hashlib.sha256(r.encode()).hexdigest()[:16]
               for r in (self.runtime, "%s/run-%d" % (self.runtime, self.pid))]
        groups = [g for g in cgroup_dirs() if os.path.basename(g).startswith(tuple(own))]
        sockets = glob.glob(os.path.join(self.runtime, "*.sock"))
        return check(name + ": nothing is left behind", not left and not groups and not sockets,
                     "processes %r groups %r sockets %r\n%s" % (left, groups, sockets, self.log_tail()))


class EventStream:
    def __init__(self, sock):
        self.sock, self.kept = sock, b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def next(self, timeout):
        """The next event, or None."""
        end = time.monotonic() + timeout
        while b"\n" not in self.kept:
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.sock], [], [], left)[0]:
                return None
            got = self.sock.recv(65536)
            if not got:
                return None
            self.kept += got
        line, self.kept = self.kept.split(b"\n", 1)
        return json.loads(line)


def mcp(*behaviour, **keys):
    """A server of ours that speaks MCP and then behaves as said: see tests/support/child.c."""
    return dict({"command": CHILD, "args": list(behaviour) or ["mcp"]}, **keys)


def alarm(seconds):
    """The whole script is bounded."""
    signal.signal(signal.SIGALRM, lambda *_: (fail("the script took longer than %d s" % seconds), finish()))
    signal.alarm(int(seconds * SLOW))


atexit.register(lambda: [d.end() for d in daemons])
