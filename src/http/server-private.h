#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* The inside of a server, for server.c and server-accept.c alone: how connections are accepted. */

#include "http/server.h"

extern const TimerOps server_pause_ops;

/* Has it wait for clients; the descriptor is not yet its own. */
int server_listener_start(HttpListener *l, int fd) MUST_CHECK;
/* What its connections inherit from it. */
void server_listener_options(const HttpListener *l);
