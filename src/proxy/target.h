#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where somebody wants to go: a host, by name or by literal address, and a
 * port. Pure. A name is kept in one spelling, in lower case and without the
 * dot at its end; one that a resolver would take for a number (127.1, 0x7f.1)
 * is no name.
 */

#include "proxy/address.h"

enum { PROXY_NAME_LONGEST = 253 };

typedef struct ProxyTarget {
        char name[PROXY_NAME_LONGEST + 1]; /* "" when it is an address */
        ProxyAddress address;
        uint16_t port;
} ProxyTarget;

/* Cuts "[v6]:port", "host:port" or, with a `port` to take then, "host" and "[v6]". A host that has a colon
 * has brackets around it. -EINVAL. */
int proxy_split_port(Span s, uint16_t port, Span *ret_host, uint16_t *ret_port) MUST_CHECK;
/* In lower case, NUL-terminated. -EINVAL: no host name, or too much like a number. */
int proxy_name_parse(Span s, char ret[static PROXY_NAME_LONGEST + 1]) MUST_CHECK;

/* `port`: the one where none is given; 0: one must be. -EINVAL. */
int proxy_target_parse(Span s, uint16_t port, ProxyTarget *ret) MUST_CHECK;
/* HOST:PORT, as people read it. */
int proxy_target_print(const ProxyTarget *t, Buf *b) MUST_CHECK;
