# SPDX-License-Identifier: Apache-2.0
"""How tests/bench/gateway.py shows what it has measured: rows on a terminal, and docs/performance.md."""

import os
import platform


def number(value, digits=1):
    if value is None:
        return "-"
    return "%.0f" % value if value >= 1000 else "%.*f" % (digits, value)


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        models = [line.split(":", 1)[1].strip() for line in f if line.startswith("model name")]
    return {"kernel": platform.release(), "cpus": os.cpu_count(), "model": models[0] if models else platform.machine(),
            "load_average": os.getloadavg()[0]}


# ---- rows ------------------------------------------------------------------------

RATE_COLUMNS = (("calls/s", "rate"), ("p50 us", "p50_us"), ("p99 us", "p99_us"), ("p99.9 us", "p999_us"),
                ("CPU us", "gateway_us"), ("behind us", "behind_us"), ("load us", "load_cpu_us"), ("load busy", "load_busy"))
PAYLOAD_COLUMNS = (("calls/s", "rate"), ("p50 us", "p50_us"), ("p99 us", "p99_us"), ("CPU us", "gateway_us"),
                   ("behind us", "behind_us"))


def table(title, rows, columns):
    print("%-34s" % title + "".join("%11s" % head for head, _ in columns))
    for r in rows:
        print("  %-32s" % r["name"] + "".join("%11s" % number(r.get(key), 2) for _, key in columns), flush=True)


def rates(rows, sessions):
    table("%d session%s, 100 B" % (sessions, "" if sessions == 1 else "s"), rows, RATE_COLUMNS)


def payload(rows, tool, size, sessions):
    table("%s %d B, %d in flight" % (tool, size, sessions), rows, PAYLOAD_COLUMNS)


def syscalls(row):
    each = ", ".join("%s %.2f" % (k, v) for k, v in sorted(row["each"].items(), key=lambda kv: -kv[1])[:8])
    print("  %-20s %2d sessions: %5.2f system calls a call: %s" % (row["name"], row["sessions"], row["all"], each), flush=True)


def sizes(rows):
    print("%-40s %14s %14s" % ("memory", "private KiB", "RSS KiB"))
    for r in rows:
        print("  %-38s %14.0f %14.0f" % (r["name"], r["private"] / 1024, r["rss"] / 1024), flush=True)


# ---- goals -----------------------------------------------------------------------


def goal(name, value, unit, least=None, most=None):
    if value is None:
        verdict = "not measured"
    elif least is not None:
        verdict = "ok" if value >= least else "NOT"
    else:
        verdict = "ok" if value <= most else "NOT"
    return {"name": name, "value": value, "unit": unit, "least": least, "most": most, "verdict": verdict}


def goal_texts(g):
    bound = ">= %s" % short(g["least"]) if g["least"] is not None else "<= %s" % short(g["most"])
    unit = " " + g["unit"] if g["unit"] not in ("", "x") else g["unit"]
    return (short(g["value"]) + unit if g["value"] is not None else "-"), bound + unit, g["verdict"]


def short(value):
    if value is None:
        return "-"
    return ("%.4f" % value if abs(value) < 0.1 else "%.3f" % value if abs(value) < 10 else "%.1f" % value).rstrip("0").rstrip(".")


def goals(rows):
    print("%-76s %12s %12s" % ("goal", "measured", "wanted"))
    for g in rows:
        print("  %-74s %12s %12s  %s" % ((g["name"],) + goal_texts(g)), flush=True)


# ---- the document ------------------------------------------------------------------

HOW = """* `tests/bench/load` keeps one call in flight on each connection, each connection with a session of its own, and checks
  the id and the text of every answer. All sessions send the same ids, so that answers that were crossed would be seen.
* The server behind is `tests/bench/mcp-echo`. *CPU* is that of the measured process alone, by the scheduler's own
  account, for a call; *behind* is that of the server, or of the nginx that is proxied to.
* The measured process has CPU 0 for itself, the load and all behind share CPU 1; npm gateways have both.
* Contenders take turns, in another order each round; a ratio is the median of the rounds' own ratios. *load busy* near 1
  would say that the load and not the server is at its limit.
* nginx-fixed: one worker that always answers the same JSON, which is words of its configuration; nginx-file: which is
  a file. nginx-proxied: another nginx before nginx-fixed, with connections kept.
  direct stdio: the same server driven over its pipes, without HTTP; it has CPU 0, its driver CPU 1.
* mcpvisor has every check on, a token too, unless its row says otherwise."""


def md_table(rows, heads):
    out = ["| " + " | ".join(h for h, _ in heads) + " |", "|" + "---|" * len(heads)]
    out += ["| " + " | ".join(cell(r.get(k)) for _, k in heads) + " |" for r in rows]
    return "\n".join(out)


def cell(value):
    return value if isinstance(value, str) else number(value, 2)


def md_goals(rows):
    out = ["| goal | measured | wanted | |", "|---|---|---|---|"]
    return "\n".join(out + ["| %s | %s | %s | %s |" % ((g["name"],) + goal_texts(g)) for g in rows])


def write(path, out):
    m = out["machine"]
    small = [dict(r, sessions=str(r["sessions"])) for r in out["rates"] + out["flat"]]
    large = [dict(r, sessions=str(r["sessions"]), what="%s %d B" % (r["tool"], r["size"])) for r in out["payload"]]
    calls = [dict(r, sessions=str(r["sessions"]), most=", ".join("%s %.2f" % kv for kv in sorted(
        r["each"].items(), key=lambda kv: -kv[1])[:6])) for r in out["syscalls"]]
    memory = [{"name": r["name"], "private": r["private"] / 1024, "rss": r["rss"] / 1024} for r in out["sizes"]]
    text = """<!-- SPDX-License-Identifier: Apache-2.0 -->
<!-- Written by tests/bench/gateway.py --write. -->
# Performance

One run on one machine: %s, %d CPUs, kernel %s, load average at the start %.2f;
%d rounds of %.1f s. Only what stands in one row of goals can be compared with another run.

## Goals

%s

## Small calls: 100 B

%s

## Large arguments (echo) and answers

%s

## System calls for a call

%s

## Memory

%s

## How it is measured

%s

Write it anew by `make bench-gateway BENCH_FLAGS=--write` in an optimised build.
""" % (m["model"], m["cpus"], m["kernel"], m["load_average"], out["rounds"], out["seconds"], md_goals(out["goals"]),
       md_table(small, (("", "name"), ("sessions", "sessions")) + RATE_COLUMNS),
       md_table(large, (("", "name"), ("what", "what"), ("in flight", "sessions")) + PAYLOAD_COLUMNS),
       md_table(calls, (("", "name"), ("sessions", "sessions"), ("all", "all"), ("most of them", "most"))),
       md_table(memory, (("", "name"), ("private KiB", "private"), ("RSS KiB", "rss"))), HOW)
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(text)
    os.rename(path + ".new", path)
