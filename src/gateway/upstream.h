#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* A configured server as the gateway knows it. */

#include "config/config.h"
#include "mcp/catalogue.h"

typedef struct Upstream Upstream;

struct Upstream {
        const ServerConfig *config; /* borrowed */
        McpCatalogue *catalogue;    /* owned: a reference; NULL: nothing is known */
        char name[72];
};
