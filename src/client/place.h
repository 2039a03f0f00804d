#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where an HTTP server is: a unix socket, or host and port of an http:// URL;
 * and the way to it. A value; connecting blocks until its deadline. Knows
 * nothing of what is said there.
 */

#include "base/buf.h"
#include "base/clock.h"

enum { PLACE_HOST = 256, PLACE_PATH = 1024, PLACE_SOCKET = 4096 };

typedef struct ClientPlace {
        char socket[PLACE_SOCKET];       /* path of a unix socket; "": host and port */
        char host[PLACE_HOST];           /* a name or an address, without brackets */
        char port[6];                    /* decimal */
        char authority[PLACE_HOST + 10]; /* for the header Host */
        char path[PLACE_PATH];           /* begins with '/'; with the query */
} ClientPlace;

enum {
        _PLACE_E_SUCCESS,
        PLACE_E_INVALID,  /* no such form */
        PLACE_E_NOT_HERE, /* nothing listens there, or the name is not known */
        PLACE_E_TIMEOUT,
};

/* -ENAMETOOLONG. */
int client_place_socket(const char *socket, const char *path, ClientPlace *ret) MUST_CHECK;
/* PLACE_E_INVALID: *ret_why says what is wrong with it. */
int client_place_url(Span url, ClientPlace *ret, const char **ret_why) MUST_CHECK;
/* "127.0.0.1:7780", "[::1]:7780", "7780", "unix:PATH" as in the configuration key `listen`; an address that
 * means all of them becomes the loopback one. */
int client_place_listen(Span address, const char *path, ClientPlace *ret) MUST_CHECK;

/* A non-blocking descriptor. */
int client_place_connect(const ClientPlace *p, Nsec deadline, int *ret_fd) MUST_CHECK;
