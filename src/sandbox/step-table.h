#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every kind of step by which a fence is built, one row each: its word (the
 * stage that an error names), what it is, and what a, b, c and the two texts
 * of such a step mean. Which steps there are, in which order and with which
 * numbers, is decided by plan; what a kind does is in apply.
 */

#include "base/macro.h"

/* clang-format off */
#define SANDBOX_STEPS(S) /* id, word, what, its numbers and texts */                                                       \
        S(NONE,          "none",          "nothing",                            "")                                         \
        /* what the daemon writes to the instance's control group before the server is in it */                            \
        S(CGROUP_FILE,   "cgroup-file",   "a limit of the control group",       "text: file; other: value")                \
        /* in the helper, before it forks: seen by the warden too */                                                       \
        S(UNSHARE,       "unshare",       "namespaces",                         "a: CLONE_ flags")                         \
        S(PRIVATE,       "private",       "mounts that tell nobody",            "")                                        \
        S(ROOT,          "new-root",      "an empty root in memory",            "a: bytes; b: inodes")                     \
        S(DIRECTORY,     "directory",     "a directory in the new root",        "text: path; a: mode")                     \
        S(SYMLINK,       "symlink",       "a symbolic link in the new root",    "text: path; other: what it says")         \
        S(BIND,          "bind",          "a part of the old root in the new",  "text: path; other: source; a: STEP_BIND_ flags") \
        S(TMPFS,         "tmpfs",         "a directory in memory",              "text: path; a: bytes; b: inodes; c: mode") \
        S(FRESH_PROC,    "fresh-proc",    "a /proc of the pid namespace",       "text: path")                              \
        S(MASK,          "mask",          "a file or directory that is covered","text: path; a: STEP_OPTIONAL")                              \
        S(READ_ONLY,     "read-only",     "a mount that nobody writes to",      "text: path; a: STEP_BIND_PLAIN: it becomes a mount first")         \
        S(PIVOT,         "pivot",         "the new root instead of the old",    "")                                        \
        S(LOOPBACK,      "loopback",      "the loopback device, up",            "")                                        \
        /* in the leader */                                                                                                \
        S(RLIMIT,        "rlimit",        "a resource limit",                   "text: its name; a: resource; b: soft; c: hard") \
        S(BOUNDING,      "bounding",      "the bounding set, emptied",          "a: the highest capability")               \
        S(SECUREBITS,    "securebits",    "root without privileges, locked",    "a: SECBIT_ flags")                        \
        S(AMBIENT,       "ambient",       "ambient capabilities, cleared",      "")                                        \
        S(CAPABILITIES,  "capabilities",  "every capability, given up",         "")                                        \
        S(LANDLOCK,      "landlock",      "a ruleset of Landlock",              "a: rights over files; b: over TCP; c: scopes") \
        S(LANDLOCK_PATH, "landlock-path", "what may be done below a path",      "text: path; a: rights; b: STEP_OPTIONAL") \
        S(LANDLOCK_ON,   "landlock-on",   "the ruleset, in force",              "")                                        \
        S(SECCOMP,       "seccomp",       "the filter of system calls",         "bytes: the program; a: its instructions")
/* clang-format on */
