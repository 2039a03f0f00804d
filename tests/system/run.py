#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""mcpvisor run: one server for one person, in a terminal, in a container, twice at once."""

import os
import pty
import select
import signal
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
from daemon import *  # noqa: E402,F403

# In a network namespace of its own, with the loopback up: the default port is free there.
LOOPBACK = ("import fcntl,os,socket,struct,sys; s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); "
            "fcntl.ioctl(s,0x8914,struct.pack('16sh14x',b'lo',0x1|0x40)); os.execvp(sys.argv[1],sys.argv[1:])")


def run(*acts, wait=False, **keys):
    return Daemon(run=[CHILD] + list(acts or ["mcp"]), wait=wait, **keys)


def can(*argv):
    return subprocess.run(argv, check=False, capture_output=True).returncode == 0


def marked(d, *pids):
    """`run` has no file to put a mark into: so its processes are known by their pids."""
    return [p for p in pids if is_alive(p)]


def exit_statuses():
    for acts, wanted in ((("exit", "0"), 0), (("exit", "3"), 3), (("mcp+wait+exit", "50", "7"), 7),
                         (("crash", "9"), 128 + 9), (("crash", "6"), 128 + 6)):
        d = run(*acts)
        equal("%s: the status is the command's" % " ".join(acts), d.wait_exit(), wanted)
        d.check_clean(" ".join(acts))
    d = Daemon(run=["no-such-program-here"], wait=False)
    equal("a program that is not there: 127", d.wait_exit(), 127)
    check("and it is named", "no-such-program-here" in d.log_text(), d.log_text())
    plain = write("plain", "no program\n")
    d = Daemon(run=[plain], wait=False)
    equal("a file that cannot be executed: 126", d.wait_exit(), 126)
    os.chmod(plain, 0o755)
    d = Daemon(run=[plain], wait=False)
    equal("one that the kernel does not take: 126", d.wait_exit(), 126)
    d = Daemon(run=[os.path.dirname(plain)], wait=False)
    equal("a directory: 126", d.wait_exit(), 126)


def requested_stop():
    for signo in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
        d = run(wait=True)
        name = d.status()["servers"][0]["name"]
        d.wait_state(name, "ready")
        pid = d.server(name)["pid"]
        d.signal(signo)
        equal("%s: 0" % signo.name, d.wait_exit(), 0)
        equal("%s: and its server has ended" % signo.name, marked(d, pid), [])
        d.check_clean(signo.name)
    d = run("mcp+ignore-term", flags=["--restart", "always"], wait=True)
    name = d.status()["servers"][0]["name"]
    d.wait_state(name, "ready")
    os.kill(d.server(name)["pid"], signal.SIGKILL)
    d.wait(lambda: d.server(name)["restarts"] == 1, what="a restart")
    ok("--restart always: a crash is not the end")
    d.signal(signal.SIGHUP)
    d.wait_logged("nothing to reload")
    equal("HUP without a terminal is nothing", d.ask("ping"), {"ok": True})
    equal("reload: 1", d.client("reload").returncode, 1)
    d.stop()


def prints_where():
    out = path("where")
    with open(out, "w", encoding="utf-8") as f:
        d = run("slow-start+mcp", "150", flags=["--name", "files"], stdout=f)

        def said():
            with open(out, encoding="utf-8") as g:
                return g.read()

        until(lambda: said().count("\n") == 2 or d.proc.poll() is not None, what="the lines with address and token")
    s = d.status()
    token = os.path.join(d.state, "token")
    equal("it says where it is, once it is ready, and where the token is, but not the token", said(),
          "files is ready: http://%s/mcp\nthe token is in %s\n" % (
              [x for x in s["gateway"]["listen"] if not x.startswith("unix:")][0], token))
    equal("the token is for us alone", (os.stat(token).st_mode & 0o7777, os.stat(token).st_size), (0o600, 44))
    with open(token, encoding="utf-8") as f:
        check("the log does not hold it", f.read().strip() not in d.log_text())
    equal("by then it is", (s["servers"][0]["state"], s["servers"][0]["name"]), ("ready", "files"))
    d.stop()
    with open("/dev/full", "w", encoding="utf-8") as f:
        d = run(stdout=f)
        d.wait_logged("standard output takes nothing")
        ok("nobody takes the line: that is said")
        equal("and no reason to end", d.stop(), 0)


def settings():
    work, envs = path("work"), write("envs", "FROM_FILE=1\nBOTH=file\n")
    os.mkdir(work)
    d = run(flags=["-e", "ONE=two words", "-e", "BOTH=flag", "-e", "PASSED", "--env-file", envs, "--workdir", work,
                   "--name", "x"], env={"PASSED": "through", "NOT_PASSED": "1"}, wait=True)
    d.wait_state("x", "ready")
    pid = d.server("x")["pid"]
    with open("/proc/%d/environ" % pid, "rb") as f:
        env = dict(x.split("=", 1) for x in f.read().decode().split("\0") if "=" in x)
    equal("-e, --env-file and what is passed", [env.get(x) for x in ("ONE", "BOTH", "PASSED", "FROM_FILE", "NOT_PASSED")],
          ["two words", "flag", "through", "1", None])
    equal("--workdir", os.readlink("/proc/%d/cwd" % pid), work)
    d.stop()
    token = path("own-token")
    d = run(flags=["--token-file", token, "--allow-host", "gw.example"], wait=True)
    text = d.lines("config")[0]["text"]
    check("--allow-host and --token-file are keys of its configuration",
          "allowed_hosts: [gw.example]" in text and "token_file: %s" % token in text, text)
    check("the file is made", os.path.exists(token) and not os.path.exists(os.path.join(d.state, "token")))
    d.stop()
    d = run(flags=["--listen", "0.0.0.0:0", "--insecure-no-auth"], wait=True)
    check("--insecure-no-auth: any address, and no token", not os.path.exists(os.path.join(d.state, "token"))
          and "token" not in d.log_text(), d.log_text())
    d.stop()
    r = subprocess.run([MCPVISOR, "run", "--name", "no good", "--", CHILD], capture_output=True, text=True, check=False)
    equal("a name that is none: 2", r.returncode, 2)
    r = subprocess.run([MCPVISOR, "run"], capture_output=True, text=True, check=False)
    equal("no command: 2", r.returncode, 2)


def twice():
    one = run(wait=True)
    two = run(runtime=one.runtime)
    own = os.path.join(one.runtime, "run-%d" % two.pid)
    until(lambda: os.path.exists(own + "/control.sock"), what=own)
    ok("a second one has a directory of its own below")
    r = subprocess.run([MCPVISOR, "status", "--socket", own, "--json"], capture_output=True, text=True, check=False)
    equal("and answers there", json.loads(r.stdout)["pid"], two.pid)
    equal("the first one is not disturbed", one.status()["pid"], one.pid)
    equal("TERM ends the second one with 0", two.stop(), 0)
    check("its directory goes with it", not os.path.exists(own))
    killed = run(runtime=one.runtime)
    own = os.path.join(one.runtime, "run-%d" % killed.pid)
    until(lambda: os.path.exists(own + "/control.sock"), what=own)
    killed.signal(signal.SIGKILL)
    killed.wait_exit()
    check("one that was killed leaves its directory", os.path.exists(own))
    three = run(runtime=one.runtime)
    until(lambda: not os.path.exists(own), what="the next start to clear it")
    ok("the next start clears it")
    equal("TERM ends it", three.stop() if until(lambda: os.path.exists(
        os.path.join(one.runtime, "run-%d" % three.pid, "control.sock")), what="the third") else None, 0)
    equal("and the first one", one.stop(), 0)
    one.check_clean("after three")


def default_port():
    if not can("unshare", "-n", "true"):
        skip("the default port: a network namespace is needed")
        return
    one = run(listen=False, wait=True, prefix=["unshare", "-n", sys.executable, "-c", LOOPBACK])
    check("it takes 7780", "127.0.0.1:7780" in one.status()["gateway"]["listen"], one.status()["gateway"])
    two = run(listen=False, wait=True, prefix=["nsenter", "-t", str(one.pid), "-n"])
    listen = [x for x in two.status()["gateway"]["listen"] if x.startswith("127.0.0.1:")]
    check("a second one takes another port", len(listen) == 1 and listen != ["127.0.0.1:7780"], two.status()["gateway"])
    chosen = run(flags=["--listen", "127.0.0.1:7780"], prefix=["nsenter", "-t", str(one.pid), "-n"])
    check("but not when --listen said which", chosen.wait_exit() != 0)
    check("then it says why", "7780" in chosen.log_text() and "in use" in chosen.log_text(), chosen.log_text())
    two.stop()
    one.stop()


def read_only():
    if os.geteuid() != 0 or not can("unshare", "-m", "mount", "--bind", tmp, tmp):
        skip("a read-only root: a mount namespace is needed")
        return
    ro = path("ro")
    os.mkdir(ro)
    # Only the tree of the directories is made read-only: the log of this test lies beside it.
    script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && exec "$@"'
    prefix = ["unshare", "-m", "--propagation", "private", "sh", "-c", script, ro]
    out = path("ro-out")
    with open(out, "w", encoding="utf-8") as f:
        d = run("mcp", prefix=prefix, runtime=ro + "/run", flags=["--state-dir", ro + "/state"], stdout=f)
        d.wait_logged("going on without the runtime directory")
    ok("run goes on without the runtime directory, and says so")
    d.wait_logged("going on without the state directory")
    ok("and without the state directory")
    until(lambda: "is ready: http://" in open(out, encoding="utf-8").read() or d.proc.poll() is not None, what="its line")
    equal("TERM ends it with 0", d.stop(), 0)
    s = Daemon({"servers": {}}, prefix=prefix, runtime=ro + "/run", wait=False)
    equal("serve refuses", s.wait_exit(), 1)
    check("and names the directory", ro + "/run" in s.log_text(), s.log_text())


class Terminal:
    """A shell's part: a session, a terminal, and jobs in process groups of their own."""

    def __init__(self):
        self.out = b""
        self.shell, self.fd = pty.fork()
        if self.shell == 0:
            os.execvp("bash", ["bash", "--norc", "--noprofile", "-i"])
        self.say("PS1='' PS2=''; stty -echo")

    def say(self, text):
        os.write(self.fd, text.encode() + b"\n")

    def press(self, key):
        os.write(self.fd, key)

    def until(self, text, deadline=DEADLINE):
        end = time.monotonic() + deadline * SLOW
        while text.encode() not in self.out:
            left = end - time.monotonic()
            if left <= 0:
                raise TimeoutError("no %r in %r" % (text, self.out[-2000:]))
            if select.select([self.fd], [], [], left)[0]:
                try:
                    self.out += os.read(self.fd, 65536)
                except OSError:
                    raise ConnectionError("the terminal has ended: %r" % self.out[-2000:]) from None
        before, _, self.out = self.out.partition(text.encode())
        return before.decode(errors="replace")

    def close(self):
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1
        try:
            os.kill(self.shell, signal.SIGKILL)
        except ProcessLookupError:
            pass
        try:
            os.waitpid(self.shell, 0)
        except ChildProcessError:
            pass


def job(name):
    runtime = path(name)
    command = " ".join([MCPVISOR, "run", "--listen", OWN_PORT, "--runtime-dir", runtime, "--state-dir", runtime + "-state",
                        "--name", "x", "--", CHILD, "mcp"])
    return runtime, command


def asks(runtime):
    r = subprocess.run([MCPVISOR, "status", "--json", "--socket", runtime], capture_output=True, text=True, check=False)
    return json.loads(r.stdout) if r.returncode == 0 else None


def in_terminal():
    runtime, command = job("t1")
    t = Terminal()
    try:
        t.say(command)
        t.until("x is ready: http://")
        ok("in a terminal it prints where it is")
        with open(runtime + "-state/token", encoding="utf-8") as f:
            t.until("token: " + f.read().strip())
        t.until("the token is in " + runtime + "-state/token")
        ok("and the token, and where that is")
        s = asks(runtime)
        pid, server, gateway = s["pid"], s["servers"][0]["pid"], s["gateway"]["pid"]
        t.press(b"\x1a")
        until(lambda: stat_of(pid)["state"] == "T", what="Ctrl-Z to stop it")
        check("Ctrl-Z stops it, its server goes on", stat_of(server)["state"] in "SR", stat_of(server))
        t.say("fg; echo status=$?=")
        until(lambda: stat_of(pid)["state"] != "T", what="fg to continue it")
        s = asks(runtime)
        equal("fg goes on, with the same server and gateway", (s["servers"][0]["pid"], s["gateway"]["pid"], s["gateway"][
            "restarts"]), (server, gateway, 0))
        t.press(b"\x03")
        t.until("status=0=")
        ok("Ctrl-C: 0")
        equal("and nothing is left", [p for p in (pid, server, gateway) if is_alive(p)], [])
        runtime, command = job("t2")
        t.say("stty tostop; " + command + " & wait $!; echo status=$?=")
        until(lambda: (asks(runtime) or {}).get("state") == "running", what="a background job to run")
        s = asks(runtime)
        equal("in the background with tostop it is not stopped", stat_of(s["pid"])["state"] in "SR", True)
        os.kill(s["pid"], signal.SIGTERM)
        t.until("status=0=")
        ok("and ends by TERM: 0")
    finally:
        t.close()


def terminal_goes():
    runtime, command = job("t3")
    t = Terminal()
    try:
        t.say(command)
        t.until("x is ready: http://")
        s = asks(runtime)
        os.close(t.fd)
        t.fd = -1
        until(lambda: not is_alive(s["pid"]), what="it to end with its terminal")
        equal("a terminal that is closed takes it along", [p for p in (s["servers"][0]["pid"], s["gateway"]["pid"])
                                                           if is_alive(p)], [])
    finally:
        t.close()
    runtime, command = job("t4")
    t = Terminal()
    try:
        t.say("nohup " + command + " >%s 2>&1 </dev/null" % path("nohup"))
        until(lambda: (asks(runtime) or {}).get("state") == "running", what="it to run")
        s = asks(runtime)
        os.close(t.fd)
        t.fd = -1
        until(lambda: not is_alive(t.shell) or (stat_of(t.shell) or {}).get("state") == "Z", what="the shell to end")
        os.kill(s["pid"], signal.SIGHUP)
        equal("with nohup it stays", (asks(runtime) or {}).get("pid"), s["pid"])
        os.kill(s["pid"], signal.SIGTERM)
        until(lambda: not is_alive(s["pid"]), what="its end")
    finally:
        t.close()


def as_first_process():
    if not can("unshare", "-Urpf", "--mount-proc", "true"):
        skip("PID 1: user and pid namespaces are needed")
        return
    d = run("mcp+orphans", "20", wait=True, prefix=["unshare", "-Urpf", "--mount-proc", "--kill-child"],
            flags=["--name", "x"])
    s = d.status()
    equal("it is PID 1", s["pid"], 1)
    d.wait_state("x", "ready")
    first = [p for p in children_of(d.pid)][0]
    until(lambda: not zombies_of(first), what="orphans to be reaped")
    ok("no zombie stays")
    os.kill(first, signal.SIGTERM)
    equal("TERM is honoured: 0", d.wait_exit(), 0)
    d = run("exit", "5", prefix=["unshare", "-Urpf", "--mount-proc", "--kill-child"])
    equal("and the command's status handed on", d.wait_exit(), 5)


alarm(100)
main(exit_statuses, requested_stop, prints_where, settings, twice, default_port, read_only, in_terminal, terminal_goes,
     as_first_process)
