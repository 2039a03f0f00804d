#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One listening socket into being, or the reason why not in words that say
 * what to do. Internal to the listeners of the supervisor.
 */

#include "supervisor/listener.h"

typedef struct BindWish {
        const char *address; /* borrowed: a literal or unix:PATH */
        const char *group;   /* borrowed: of a unix socket; NULL: ours */
        uint32_t mode;       /* of a unix socket */
        bool fallback;       /* a default address */
        bool any_port;       /* another port rather than none */
        uint16_t port_hint;  /* the other port to try first; 0: any */
} BindWish;

enum {
        _BIND_SUCCESS,
        BIND_E_REFUSED,
        BIND_E_NO_IPV6, /* a default address, and there is no IPv6 here */
};

/* `why` is appended to for both. */
int listener_bind(const BindWish *wish, Listener *ret, Buf *why) MUST_CHECK;
/* Mode and group of a unix socket that is kept. */
int listener_rebind_mode(const BindWish *wish, const Listener *l, Buf *why) MUST_CHECK;
void listener_done(Listener *l);
