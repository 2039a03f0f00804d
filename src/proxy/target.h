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

/* Cuts "[v6]:port", "host:port", "host", "[v6]"; port: SPAN_NONE when there is none. A host that has a colon
 * has brackets around it. -EINVAL. */
int proxy_split_port(Span s, Span *ret_host, Span *ret_port) MUST_CHECK;
/* `otherwise`: the one of SPAN_NONE; 0: there must be one. -EINVAL. */
int proxy_port_parse(Span s, uint16_t otherwise, uint16_t *ret) MUST_CHECK;
/* In lower case, NUL-terminated. -EINVAL: no host name, or too much like a number. */
int proxy_name_parse(Span s, char ret[static PROXY_NAME_LONGEST + 1]) MUST_CHECK;

/* `port`: the one where none is given; 0: one must be. -EINVAL. */
int proxy_target_parse(Span s, uint16_t port, ProxyTarget *ret) MUST_CHECK;
/* HOST:PORT, as people read it. */
int proxy_target_print(const ProxyTarget *t, Buf *b) MUST_CHECK;
