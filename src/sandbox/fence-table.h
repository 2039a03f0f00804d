#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every fence there is, one row each: its word (in `sandbox.missing` of
 * status these words are fixed), whether it belongs to the floor, which
 * profiles ask for it, and what is lost without it. The floor is what no
 * `degrade` can lower: losing one of its rows is a refusal.
 */

#include "base/macro.h"

/* clang-format off */
#define SANDBOX_FENCES(F) /* id, word, floor, standard, strict, what is lost without it */                              \
        F(NO_NEW_PRIVS,   "no-new-privs",   true,  true,  true,  "programs with the set-user-id bit would gain privileges") \
        F(CAPABILITIES,   "capabilities",   true,  true,  true,  "the server would hold privileges of root")                \
        F(SECCOMP,        "seccomp",        true,  true,  true,  "every system call of the kernel could be tried")          \
        F(LANDLOCK,       "landlock",       true,  true,  true,  "servers of the same uid could read each other")           \
        F(USERNS,         "userns",         false, true,  true,  "no namespace of its own can be made without privileges")  \
        F(MOUNTNS,        "mountns",        false, true,  true,  "names of files outside its view can be seen, though not opened; /tmp is not its own") \
        F(PIDNS,          "pidns",          false, true,  true,  "processes outside its tree can be seen")                  \
        F(IPCNS,          "ipcns",          false, true,  true,  "shared memory and queues of System V are the machine's")  \
        F(UTSNS,          "utsns",          false, true,  true,  "it sees the machine's name")                              \
        F(NETNS,          "netns",          false, false, false, "its network is fenced by system calls alone")             \
        F(CGROUPNS,       "cgroupns",       false, true,  true,  "it sees the path of its control group")                   \
        F(PROC,           "proc",           false, true,  true,  "/proc is the machine's: command lines of others can be seen") \
        F(LANDLOCK_NET,   "landlock-net",   false, false, false, "TCP is not fenced a second time")                         \
        F(LANDLOCK_SCOPE, "landlock-scope", false, true,  true,  "abstract sockets of the same network can be connected to") \
        F(SECUREBITS,     "securebits",     false, true,  true,  "the rules by which root gets its privileges are not locked") \
        F(GROUPS,         "groups",         false, true,  true,  "it keeps the supplementary groups of the daemon")         \
        F(MEMORY,         "memory",         false, false, false, "memory is limited for each process, not for the tree")    \
        F(PIDS,           "pids",           false, true,  true,  "processes are limited for the uid, or not at all")        \
        F(CPU,            "cpu",            false, false, false, "CPU time is not limited")                                 \
        F(IO,             "io",             false, false, false, "devices are not limited")                                 \
        F(TREE,           "tree",           false, true,  true,  "a process that leaves the tree is looked for in /proc")
/* clang-format on */
