#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What fences are built from, one row for each thing that a machine, a
 * container or the lack of a privilege may refuse: its word, what it is, and
 * what a person can do about it. `probe` tries each of them.
 */

#include "base/macro.h"

/* clang-format off */
#define SANDBOX_OFFERS(F) /* id, word, what it is, what to do */                                                     \
        F(NO_NEW_PRIVS,  "no-new-privs",  "prctl(PR_SET_NO_NEW_PRIVS)",          "a kernel from 3.5 on is needed")     \
        F(SECCOMP,       "seccomp",       "a seccomp filter",                    "the kernel needs CONFIG_SECCOMP_FILTER") \
        F(LANDLOCK,      "landlock",      "a Landlock ruleset",                  "boot with lsm=landlock,... and let a container's seccomp profile pass the landlock_ calls") \
        F(CHANGE_IDS,    "change-ids",    "changing uid, gid and groups",        "only root, with SETUID and SETGID, can give a server a uid of its own") \
        F(SECUREBITS,    "securebits",    "the bounding set and securebits",     "SETPCAP is needed, or a user namespace") \
        F(USERNS,        "userns",        "a user namespace",                    "allow it: sysctl user.max_user_namespaces, kernel.unprivileged_userns_clone, kernel.apparmor_restrict_unprivileged_userns; in a container, its seccomp profile") \
        F(PIDNS,         "pidns",         "a pid namespace",                     "SYS_ADMIN is needed, or a user namespace") \
        F(MOUNTNS,       "mountns",       "a mount namespace of its own",        "SYS_ADMIN is needed, or a user namespace") \
        F(MOUNT_API,     "mount-api",     "open_tree, fsopen and mount_setattr", "a kernel from 5.12 on is needed; in a container, its seccomp profile may be in the way") \
        F(PIVOT_ROOT,    "pivot-root",    "a root directory of its own",         "this cannot be on an initramfs or in a chroot") \
        F(PROC,          "proc",          "a new /proc",                         "the machine's /proc is masked: Docker's --security-opt systempaths=unconfined, or a unit without ProtectKernelTunables") \
        F(IPCNS,         "ipcns",         "an ipc namespace",                    "SYS_ADMIN is needed, or a user namespace") \
        F(UTSNS,         "utsns",         "an uts namespace",                    "SYS_ADMIN is needed, or a user namespace") \
        F(NETNS,         "netns",         "a network namespace",                 "SYS_ADMIN is needed, or a user namespace") \
        F(CGROUPNS,      "cgroupns",      "a cgroup namespace",                  "SYS_ADMIN is needed, or a user namespace") \
        F(CGROUP,        "cgroup",        "a control group of its own",          "cgroup v2 must be mounted and writable: Delegate=yes in a unit, a private writable cgroup in a container") \
        F(CGROUP_MEMORY, "cgroup-memory", "the memory controller",               "the v2 controller must be delegated") \
        F(CGROUP_PIDS,   "cgroup-pids",   "the pids controller",                 "the v2 controller must be delegated") \
        F(CGROUP_CPU,    "cgroup-cpu",    "the cpu controller",                  "the v2 controller must be delegated") \
        F(CGROUP_IO,     "cgroup-io",     "the io controller",                   "the v2 controller must be delegated")
/* clang-format on */
