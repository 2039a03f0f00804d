#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the daemon's directories and sockets are when nobody says so: for the
 * supervisor, which makes them, and for commands, which look for it.
 */

#include "base/buf.h"

/* /run/mcpvisor for root, else $XDG_RUNTIME_DIR/mcpvisor, else /tmp/mcpvisor-UID. */
int control_runtime_dir(Buf *ret) MUST_CHECK;
/* /var/lib/mcpvisor for root, else $XDG_STATE_HOME/mcpvisor, else ~/.local/state/mcpvisor. -ENOENT: no
 * home. */
int control_state_dir(Buf *ret) MUST_CHECK;
/* The control socket that a client command shall use: `given` (a socket or its directory; NULL: not given),
 * else MCPVISOR_SOCKET, else the default. */
int control_socket_path(const char *given, Buf *ret) MUST_CHECK;
/* The socket of the HTTP endpoint, which lies beside that one. */
int control_http_path(const char *given, Buf *ret) MUST_CHECK;
