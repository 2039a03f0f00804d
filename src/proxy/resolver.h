#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names to addresses without waiting: a process of its own that was forked
 * before this one shut itself in, and that forks another for each name. What a
 * name server sends is read there, and a lookup that hangs or crashes is one
 * lookup. This side is owned by the proxy; its socket is a source of the loop.
 * So many lookups run at once, so many of one owner; the others wait their
 * turn. Whoever asked keeps the deadline. It judges no address.
 */

#include "base/limit-table.h"
#include "base/loop.h"
#include "proxy/target.h"

typedef struct Resolver Resolver;
typedef struct Lookup Lookup;

typedef enum ResolverResult {
        RESOLVER_FOUND,
        RESOLVER_NOT_FOUND, /* there is no such name, or it has no address */
        RESOLVER_FAILED,    /* no answer, or none that could be used */
        _RESOLVER_RESULT_MAX,
} ResolverResult;

/* What the process reads and writes, one message each. */
typedef struct ResolverAsk {
        uint64_t id;
        char name[PROXY_NAME_LONGEST + 1];
} ResolverAsk;

typedef struct ResolverTell {
        uint64_t id;
        uint32_t result; /* ResolverResult */
        uint32_t n;
        ProxyAddress addresses[LIMIT_PROXY_ADDRESSES];
} ResolverTell;

typedef struct LookupOps {
        /* Once, from the loop, unless it was forgotten. `n` is 0 but for RESOLVER_FOUND. */
        int (*done)(Lookup *l, ResolverResult result, const ProxyAddress *addresses, size_t n);
} LookupOps;

struct Lookup {
        const LookupOps *ops;
        const void *owner;  /* who is counted; never followed */
        const char *name;   /* borrowed: the asker's, until it is asked */
        Resolver *resolver; /* NULL: not under way */
        uint32_t slot;      /* UINT32_MAX: it waits */
        TAILQ_ENTRY(Lookup) link;
};

/* One place for a lookup that the process is at. */
typedef struct ResolverSlot {
        Lookup *lookup; /* borrowed; NULL: free, or forgotten */
        const void *owner;
        uint64_t id; /* 0: free */
        Nsec until;  /* by then its process has ended */
} ResolverSlot;

struct Resolver {
        LoopSource source;
        Timer expiry;
        int fd; /* owned */
        ResolverSlot slots[LIMIT_PROXY_LOOKUPS];
        TAILQ_HEAD(, Lookup) waiting;
        uint64_t last_id;
};

/* Forks the process; the other end of its socket. It ends with that. Before anything else is open that it
 * should not have: it keeps 0, 1, 2 and that socket. */
int resolver_start(int *ret_fd) MUST_CHECK;

/* Takes over `fd` when it says 0. */
int resolver_init(Resolver *r, Loop *l, int fd) MUST_CHECK;
/* Nobody waits any more. Does nothing to one that is all zero. */
void resolver_done(Resolver *r);

/* Begins, or waits its turn; `ops`, `owner` and `name` are set. */
int resolver_ask(Resolver *r, Lookup *l) MUST_CHECK;
/* Does nothing to one that is not under way. */
void resolver_forget(Lookup *l);
