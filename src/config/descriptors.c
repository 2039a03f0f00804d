/* SPDX-License-Identifier: Apache-2.0 */
#include "config/descriptors.h"
#include "base/limit-table.h"

enum {
        FDS_OF_AN_INSTANCE = 7,   /* in the supervisor: three pipes, status, pidfd, cgroup events, ring */
        FDS_OF_A_DAEMON = 64,     /* whatever else is open there */
        PIPES_OF_AN_INSTANCE = 2, /* in the gateway */
};

uint64_t config_files(const Config *c)
{
        return c->servers.n * FDS_OF_AN_INSTANCE + FDS_OF_A_DAEMON;
}

/* A shared one has two while one takes the other's place. */
static uint64_t instances_of(const ServerConfig *s)
{
        return s->share == SHARE_SESSION ? MAX(s->max_instances, (uint64_t)2) : 2;
}

/* Beside connections, in the gateway: pipes, for each server the file of its lists, and what is its own. That
 * an instance takes more of the supervisor, whose limit is the same, bounds them all. */
static uint64_t gateway_files(const Config *c, uint64_t nofile)
{
        uint64_t instances = 0;
        for (size_t i = 0; i < c->servers.n; i++)
                instances += instances_of(config_server(c, i));
        return MIN(instances, nofile / FDS_OF_AN_INSTANCE) * PIPES_OF_AN_INSTANCE + c->servers.n +
               c->listen.n + LIMIT_GATEWAY_FDS;
}

uint64_t config_connections(const Config *c, uint64_t nofile)
{
        uint64_t files = gateway_files(c, nofile);
        return MIN(c->limits.max_connections, nofile > files ? nofile - files : 1);
}
