#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One endpoint from a configuration, as endpoint_set_take() puts the set of
 * them together. For endpoint*.c alone.
 */

#include "gateway/endpoint.h"

/* Without servers, with room for n. The name is at most as long as the configuration lets it be. */
int endpoint_new(EndpointKind kind, const char *name, uint32_t n, Endpoint **ret) MUST_CHECK;
Endpoint *endpoint_free(Endpoint *e);
DEFINE_CLEANUP(Endpoint, endpoint_free)

/* There is room. `view` is NULL unless it is one. Borrows from both. */
int endpoint_add(Endpoint *e, Upstream *u, const ServerConfig *server, const ViewConfig *view) MUST_CHECK;
