#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sockets on which the gateway accepts: bound once by the supervisor,
 * handed to each gateway, kept across its restarts. Knows addresses, modes,
 * and the sockets that systemd passes by name; nothing of HTTP.
 */

#include "base/buf.h"
#include "config/config.h"
#include "config/daemon.h"
#include "ipc/message.h"

typedef struct Listener {
        int fd; /* owned */
        IpcListenerKind kind;
        bool inherited; /* from systemd: not unlinked */
        bool fallback;  /* a default address: may be skipped */
        bool metrics;   /* of `metrics.listen`: serves /metrics only */
        char *address;  /* owned: as people read it: "127.0.0.1:7780", "unix:/run/..." */
        char *path;     /* owned: of a unix socket that we made; NULL */
        char *wanted;   /* owned: as the configuration says it; `address` has the port that it became */
} Listener;

typedef struct ListenerSet {
        Listener *items; /* owned */
        size_t n;
} ListenerSet;

typedef struct ListenerArgs {
        const Config *config;
        const char *http_sock; /* RUNTIME/http.sock; NULL: none */
        bool any_port;         /* run without --listen: another port when it is busy */
} ListenerArgs;

enum { _LISTENER_E_SUCCESS, LISTENER_E_REFUSED };

/* Takes LISTEN_FDS once (removes the variables); an inherited socket replaces the `listen` entry of its
 * name or address, or adds one. */
int listener_inherit(ListenerSet *ret) MUST_CHECK;
/* The same for given descriptors, first, first + 1, ...; takes them over. `names` as in LISTEN_FDNAMES. */
int listener_adopt(int first, size_t n, Span names, ListenerSet *ret) MUST_CHECK;
/* Opens what the configuration asks for (`listen`, `metrics.listen`) and `have` has not; those of `have` that
 * stay wanted move to *ret. LISTENER_E_REFUSED: `why` says which address, why, what to do; `have` is as it
 * was. Notes (a default address skipped) are appended to `notes`, one a line. What is left in `have` is not
 * wanted any more: its owner ends it. */
int listener_open(const ListenerArgs *args, ListenerSet *have, ListenerSet *ret, Buf *why,
                  Buf *notes) MUST_CHECK;
void listener_set_done(ListenerSet *s); /* closes, unlinks paths of ours; nothing to do when all zero */
