#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network proxy: the role that carries what servers with
 * sandbox.net.allow send, and nothing else. A child of the supervisor, which
 * it trusts; servers and the places that they reach are hostile to it. It
 * knows no MCP, no configuration file and no process of a server.
 *
 * Such a server lives in a network namespace of its own in which only lo is
 * up. There the helper makes a TCP socket that listens on 127.0.0.1, which
 * stays one of that namespace wherever its descriptor goes, and the server has
 * HTTP_PROXY and HTTPS_PROXY with its port. The supervisor passes the
 * descriptor on (PROXY_LISTEN): by it the proxy knows who asks, and nobody
 * else can ask in that server's name. The connections that the proxy makes
 * itself are of its own namespace.
 *
 * Descriptor 3 is its ipc socket (IPC_TO_PROXY; it sends IPC_FROM_PROXY):
 *   PROXY_HELLO first, answered by PROXY_UP; then PROXY_LISTEN and PROXY_CLOSE
 *   for each instance, PROXY_PING, PROXY_STOP. Its end is the end of the role.
 *
 * proxy_main() first forks the process that looks up names (resolver.h), which
 * opens files and sockets as the C library likes. After that, and before the
 * first message, the role itself needs no new path, no fork and no exec; of
 * sockets only socket(AF_INET, AF_INET6; SOCK_STREAM), connect and accept4.
 */

#include "base/macro.h"

enum { PROXY_IPC_FD = 3 };

int proxy_main(int argc, char **argv);
