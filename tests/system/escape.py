#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Attempts to get out of a fence (tests/support/attacker.c): each of them first without one, where it has to come to what
its row says, so that a mistake in an attempt cannot pass as a fence; then in each kind of fence, where none may get
through. All of it in a world of its own (tests/support/world.py)."""

import collections
import json
import os
import subprocess
import sys
import tempfile
import traceback  # noqa: F401: what daemon.py imports later may be hidden by then

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "../support"))
import world  # noqa: E402

WHY_NOT = world.enter()

import daemon  # noqa: E402

HELPER = os.path.join(world.BIN, os.path.basename(daemon.HELPER))
ATTACKER = os.path.join(daemon.BUILD, "tests/support/attacker")
LIMIT = 240  # seconds for all attempts: most take none, a few wait for an answer
LEAST = 150  # attempts
NEVER = ("broken", "no-context", "timeout", "unknown-errno")  # the attempt has failed, not the attacker
CAPABILITIES = {"SYS_RESOURCE": 24, "SYS_NICE": 23}
PLAIN = "plain"
COLUMNS = ("standard", "strict", "rootless", PLAIN)


# ---- rows ----------------------------------------------------------------------


def rows_of(program):
    text = subprocess.run([program, "list"], capture_output=True, text=True, check=True).stdout
    rows = [json.loads(line) for line in text.splitlines()]
    for row in rows:
        if row["name"] == "list-tmp" and "--coverage" in os.environ.get("SAN_FLAGS", ""):
            for column in COLUMNS:  # who builds the fence writes its counters there, when its tree is below /tmp
                row[column] += " done"
    return rows


def attempt_all(command, context, **how):
    """{name: outcome} of all attempts."""
    words = command + ["run", "--context", json.dumps(context)]
    p = subprocess.run(words, capture_output=True, text=True, timeout=LIMIT * daemon.SLOW, cwd="/", **how)
    got = {}
    for line in p.stdout.splitlines():
        row = json.loads(line) if line.startswith("{") else {}
        if "outcome" in row:
            got[row["name"]] = row["outcome"]
    return got, "status %d\n%s%s" % (p.returncode, p.stdout[-500:], p.stderr[-2000:])


def lacking(row, column=None):
    """Why this machine cannot show it without a fence (column: in that one), or ''."""
    for need in row["needs"].split():
        kind, what = need.split(":", 1)
        if kind.endswith("landlock"):
            if column and world.landlock_abi() < int(what) and (kind == "landlock" or column == PLAIN):
                return "Landlock is older than ABI %s here" % what
        elif kind == "file" and not os.path.exists(what):
            return "there is no %s here" % what
        elif kind == "disk" and not world.disk():
            return "root may open no disk here"
        elif kind == "cap":
            with open("/proc/self/status", encoding="utf-8") as f:
                effective = [line for line in f if line.startswith("CapEff:")][0].split()[1]
            if not int(effective, 16) >> CAPABILITIES[what] & 1:
                return "root has no CAP_%s here" % what
    return ""


class Tally:
    """Counts each attempt; says a line for a topic, and for each that is not as it should be."""

    def __init__(self, name):
        self.name, self.topics = name, collections.Counter()

    def judge(self, row, outcome, wanted):
        if outcome in wanted.split() and outcome not in NEVER:
            daemon.passed += 1
            self.topics[row["topic"]] += 1
            return True
        daemon.fail("%s: %s (%s)" % (self.name, row["name"], row["topic"]), "got    %s\nwanted %s" % (outcome, wanted))
        return False

    def skip(self, row, why):
        daemon.skip("%s: %s: %s" % (self.name, row["name"], why))

    def say(self):
        print("%s: %s" % (self.name, ", ".join("%s %d" % t for t in sorted(self.topics.items()))), flush=True)


class Escape:
    """The world, made once, and which attempts have been seen to succeed in it."""

    def __init__(self):
        programs = {"attacker": ATTACKER, "mcpvisor": daemon.MCPVISOR, os.path.basename(daemon.HELPER): daemon.HELPER}
        programs["fence"] = os.path.join(daemon.BUILD, "tests/support/fence")
        os.rmdir(daemon.tmp)  # it was made outside
        self.world = world.World(programs)
        daemon.tmp = os.path.join("/tmp", "escape-test")
        os.mkdir(daemon.tmp)
        self.rows = rows_of(self.world.attacker)
        self.shown = {}  # name: outcome


escape = None


# ---- part 1: without a fence -------------------------------------------------------


def table():
    names = [r["name"] for r in escape.rows]
    daemon.check("%d attempts, at least %d" % (len(names), LEAST), len(names) >= LEAST)
    daemon.equal("each has a name of its own", [n for n, k in collections.Counter(names).items() if k > 1], [])
    through = [r["name"] for r in escape.rows if r["topic"] != "allowed"
               for p in COLUMNS if "done" in r[p].split() and not r["note"]]
    daemon.equal("what is let through says why", through, [])


def unfenced():
    """Each as who it needs to be, and with a descriptor too many."""
    w = escape.world
    environment = {"PATH": "/usr/bin:/bin", "HTTP_PROXY": "http://127.0.0.1:%d" % w.http_port}
    extra = os.open("/etc/hostname", os.O_RDONLY)
    how = {"env": environment, "pass_fds": [extra]}
    w.give_files(world.UID)
    context = w.context(world.OWN)
    got = {}
    got["root"], said = attempt_all([w.attacker], context, **how)
    got["uid"], said_uid = attempt_all([w.attacker], context, user=world.UID, group=world.UID, extra_groups=[], **how)
    os.close(extra)
    daemon.equal("as root all are tried", len(got["root"]), len(escape.rows)) or print(said)
    daemon.equal("as a user all are tried", len(got["uid"]), len(escape.rows)) or print(said_uid)
    tally = Tally("unfenced")
    for row in escape.rows:
        why = lacking(row)
        if why:
            tally.skip(row, why)
        elif tally.judge(row, got[row["as"]].get(row["name"], "nothing"), row["unfenced"]):
            escape.shown[row["name"]] = got[row["as"]][row["name"]]
    tally.say()
    daemon.equal("everybody who was signalled has told", sorted(w.signalled()), ["gateway", "sibling", "supervisor"])
    daemon.equal("none of them has ended", w.ended(), [])


# ---- part 2: in a fence --------------------------------------------------------------


def by_parts(profile, uid):
    """The words before a command, and the directory that is its own. tests/support/fence puts a command behind the
    fences of a server by what the daemon is made of."""
    own = tempfile.mkdtemp(prefix="home-", dir=world.STATE + "/home")
    os.chown(own, uid, uid)
    return [os.path.join(world.BIN, "fence"), profile, own], own


def fenced(name, column, words, own, **how):
    """words: what fences the command behind them."""
    w = escape.world
    environment = {"PATH": "/usr/bin:/bin", "FENCE_HELPER": HELPER}
    inside = subprocess.run(words + ["/usr/bin/id", "-u"], capture_output=True, text=True, cwd="/", env=environment, **how)
    if not daemon.check("%s: a command runs in it" % name, inside.stdout.strip().isdigit(), inside.stdout + inside.stderr):
        return
    daemon.check("%s: and not as root" % name, inside.stdout.strip() != "0")
    w.add_victim("sibling", int(inside.stdout))  # of the same uid: the nearest that there is
    daemon_uid = int(inside.stdout) if how else 0  # of an ordinary user's daemon, its servers have the uid
    w.add_victim("supervisor", daemon_uid, shut=True)
    w.add_victim("gateway", daemon_uid, shut=True)
    w.give_files(int(inside.stdout))
    w.signalled()
    before = w.snapshot()
    got, said = attempt_all(words + [w.attacker], w.context(own), env=environment, **how)
    daemon.equal("%s: all are tried" % name, len(got), len(escape.rows)) or print(said)
    tally = Tally(name)
    for row in escape.rows:
        outcome, without = got.get(row["name"], "nothing"), escape.shown.get(row["name"])
        why = lacking(row, column)
        if outcome in row[column].split() and outcome == without != "done":
            why = "without a fence it comes to the same"
        elif outcome == "done" and "landlock" not in row["needs"]:
            why = ""  # whatever has been shown without a fence, it got through
        if why:
            tally.skip(row, why)
        else:
            tally.judge(row, outcome, row[column])
    tally.say()
    daemon.equal("%s: nobody outside was signalled" % name, w.signalled(), [])
    daemon.equal("%s: nobody outside has ended" % name, w.ended(), [])
    daemon.equal("%s: nothing outside has changed" % name, changes(before, w.snapshot()), [])


def changes(before, after):
    return sorted(set(before.items()) ^ set(after.items()))


def standard():
    fenced("standard", "standard", *by_parts("standard", 0))


def strict():
    fenced("strict", "strict", *by_parts("strict", 0))


AS_USER = {"user": world.UID, "group": world.UID, "extra_groups": []}


def rootless():
    fenced("rootless", "rootless", *by_parts("standard", world.UID), **AS_USER)


def plain():
    """A uid that the kernel gives no namespaces, as in most containers."""
    fenced(PLAIN, PLAIN, *by_parts("standard", world.UID), preexec_fn=world.without_namespaces)


def by_command():
    """The same as a person tries it."""
    program = os.path.join(world.BIN, "mcpvisor")
    known = subprocess.run([program, "help", "sandbox"], capture_output=True, text=True).stdout
    if "sandbox run" not in known:
        daemon.skip("by command: this mcpvisor has no `sandbox run`")
        return
    for profile in ("standard", "strict"):
        fenced("sandbox run, " + profile, profile, [program, "sandbox", "run", "--profile", profile, "--"], "/tmp")


if WHY_NOT:
    daemon.skip(WHY_NOT)
    daemon.finish()
escape = Escape()
daemon.main(table, unfenced, standard, strict, rootless, plain, by_command)
