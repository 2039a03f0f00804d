#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One control connection from the server's side: bytes to requests, lines to
 * bytes, deadlines. For server.c, which accepts them; owners of a server see
 * server.h.
 */

#include "control/server.h"

/* Takes over `fd` (a non-blocking stream socket) on success. */
int control_conn_new(ControlServer *s, int fd, bool gateway, ControlConn **ret) MUST_CHECK;
