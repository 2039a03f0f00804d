#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The filter of system calls: from named sets and rules about arguments to a
 * BPF program, made by the daemon; the helper only loads it. Before what
 * libseccomp writes stands a short part of ours: the architecture first, then
 * x32 numbers, then numbers that nobody knows (ENOSYS, so that programs fall
 * back), then rules that refuse by an argument.
 */

#include "base/arena.h"
#include "base/buf.h"
#include "config/config.h"

typedef struct SeccompArgs {
        const ConfigList *allow, *deny; /* names and @sets; NULL: none */
        const char *only;         /* these calls, between blanks, instead of the usual sets; NULL: all sets */
        bool ip;                  /* sockets of IPv4, IPv6 and netlink's routes */
        bool unix_sockets;        /* socket(AF_UNIX); socketpair always is */
        const pid_t *untouchable; /* no signal to these, nor to -1, and limits and priorities only of itself;
                                   * ends with 0; NULL: none */
} SeccompArgs;

/* The program, as sock_filter structs, appended to *b. SECCOMP_E_TEXT: *ret_why says which name is none. */
enum { _SECCOMP_E_SUCCESS, SECCOMP_E_TEXT };

int seccomp_compile(const SeccompArgs *args, Arena *arena, Buf *b, const char **ret_why) MUST_CHECK;
/* The same as lines for people, sorted: what a review of a change looks at. */
int seccomp_describe(const SeccompArgs *args, Arena *arena, Buf *b, const char **ret_why) MUST_CHECK;

/* NULL: such a system call or @set there is; else words that say what is wrong, with the nearest name. */
const char *seccomp_check_name(Span name, Arena *arena);
