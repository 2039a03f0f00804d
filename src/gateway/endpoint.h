#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What clients reach under one path: /mcp (every server), /mcp/NAME (one), and
 * /mcp/VIEW (a selection), with the lists of their servers put together. Made
 * anew for each configuration; an endpoint of the same path keeps its editions
 * and its address, so sessions stay. Owned by the gateway; knows no client and
 * no pipe.
 */

#include <sys/queue.h>

#include "gateway/listing.h"
#include "gateway/snapshot.h"

typedef struct Upstream Upstream;
typedef struct Endpoint Endpoint;

typedef enum EndpointKind { ENDPOINT_ALL, ENDPOINT_SERVER, ENDPOINT_VIEW } EndpointKind;

struct Endpoint {
        TAILQ_ENTRY(Endpoint) link;
        EndpointKind kind;
        char name[72];      /* "" for /mcp */
        Upstream **members; /* owned array; borrowed servers, in the order of the configuration */
        ListingSource *sources[_MCP_LIST_MAX]; /* owned: by list, one for each member */
        uint32_t n;
        Arena memory; /* of names, filters, pairs */
        Listing lists[_MCP_LIST_MAX];
        bool stale;        /* a catalogue has changed since the lists were made */
        unsigned untold;   /* lists (1 << McpList) that differ from what sessions were told */
        unsigned changed;  /* lists (1 << McpList) that were made and not told yet */
        bool kept;         /* while a configuration is taken over */
        uint64_t sessions; /* how many belong to it */
};

typedef TAILQ_HEAD(EndpointList, Endpoint) EndpointList;

typedef struct EndpointSet {
        EndpointList list;
        Endpoint *all;
        struct EndpointIndex *index; /* owned: by name */
        Config *config;              /* owned: a reference; names and patterns are borrowed from it */
        uint64_t seed, made;         /* made: lists so far, for editions that never come twice */
} EndpointSet;

int endpoint_set_init(EndpointSet *s, uint64_t seed) MUST_CHECK;
void endpoint_set_done(EndpointSet *s);

typedef struct EndpointOps {
        /* The server of that row of the configuration. */
        Upstream *(*upstream)(void *user, uint32_t row);
        /* An endpoint that the new configuration does not have: its sessions end now. */
        void (*gone)(void *user, Endpoint *e);
} EndpointOps;
/* Makes the endpoints of a configuration. On an error (-ENOMEM; -EBADMSG: a server without a row)
 * everything is as before. */
int endpoint_set_take(EndpointSet *s, const Snapshot *snapshot, const EndpointOps *ops,
                      void *user) MUST_CHECK;

/* By the part of the path behind "/mcp/"; empty: /mcp itself. NULL: none. */
Endpoint *endpoint_find(const EndpointSet *s, Span name);
/* A catalogue of this server has changed. */
void endpoint_set_touch(EndpointSet *s, const Upstream *u);
/* Brings the lists up to date; `ret_changed`: bits (1 << McpList) of those that differ for clients. */
int endpoint_refresh(EndpointSet *s, Endpoint *e, unsigned *ret_changed) MUST_CHECK;

typedef struct EndpointTarget {
        Upstream *upstream;
        Span own; /* the server's own name for it; borrowed until the next refresh */
} EndpointTarget;
/* A tool or prompt by the name that clients use. The lists are up to date. */
bool endpoint_by_name(const Endpoint *e, McpList list, Span name, EndpointTarget *ret);
/* The servers that may have this URI, the likeliest first (listed; by template; any that has resources),
 * each once; how many, at most `max`. */
unsigned endpoint_by_uri(const Endpoint *e, Span uri, Upstream **ret, unsigned max);
/* A template as it is listed, for completion. */
bool endpoint_by_template(const Endpoint *e, Span uri_template, EndpointTarget *ret);
/* What is offered here (PROTOCOL: capabilities): /mcp and views always tools, prompts and resources; one
 * server what it can itself, or all three while that is not known. */
McpCapabilities endpoint_can(const Endpoint *e);
