#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The HTTP side of the daemon for client commands: its socket is found beside
 * the control socket, a session is opened there, and what goes wrong is said
 * on stderr with the exit status that belongs to it.
 */

#include "cli/command.h"
#include "client/session.h"

/* Of /mcp, or of /mcp/NAME. EXIT_CODE_DONE, or the exit status after it said why. */
int endpoint_place(const CommandCall *call, const char *socket, const char *name,
                   ClientPlace *ret) MUST_CHECK;
/* A session; needs client_session_done() whatever it returns. */
int endpoint_open(const CommandCall *call, const ClientPlace *place, ClientSession *ret) MUST_CHECK;
/* Says what is wrong with a session, about `subject` (NULL: nothing in particular); the exit status. */
int endpoint_failed(const CommandCall *call, const ClientSession *s, const char *subject, int r);
/* The moment when an answer that takes no time has to be there. */
Nsec endpoint_patience(void);
