#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files about the gateway share, and nobody else includes:
 * gateway-link.c has its life, gateway-tell.c what it is told, gateway-said.c
 * what it says.
 */

#include "supervisor/gateway-link.h"

Nsec gateway_now(const GatewayLink *g);
void gateway_set_state(GatewayLink *g, GatewayState next);

/* It can be told something; it may not be ready yet. */
bool gateway_takes_messages(const GatewayLink *g);
void gateway_say(GatewayLink *g, IpcType type, void *m, Span text, const int *fds, size_t n_fds);
/* The configuration in force, to one that has just come up. */
void gateway_prepare_current(GatewayLink *g);
/* It has prepared that: now all that lives. */
void gateway_became_ready(GatewayLink *g);

/* A message that is in order by itself; whether it is in order now is judged here. */
void gateway_take(GatewayLink *g, const IpcMessage *m);
