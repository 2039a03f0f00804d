#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tokens that a configuration accepts on TCP addresses: the hashes in
 * `auth.tokens`, MCPVISOR_TOKEN, and the token file, which is made when there
 * is no other token or the configuration names it. Gathered with each
 * configuration; the gateway gets hashes only.
 */

#include "config/config.h"
#include "supervisor/dirs.h"

typedef struct Tokens {
        int fd;     /* owned: for the gateway, see ipc/token.h; -EBADF: not gathered */
        char *path; /* owned: the token file; NULL: none is used */
        char *text; /* owned: what stands there, or was made up; NULL: clients know the others */
        bool made;  /* just now */
} Tokens;

#define TOKENS_INIT ((Tokens){.fd = -EBADF})

typedef struct TokensArgs {
        const Config *config;
        const char *given;    /* MCPVISOR_TOKEN; NULL */
        const char *state;    /* the state directory; NULL: there is none, so one is made up */
        const Tokens *before; /* of the configuration in force: what was made up stays; NULL */
} TokensArgs;

enum { _TOKENS_E_SUCCESS, TOKENS_E_REFUSED };

/* TOKENS_E_REFUSED: `why` says which file, why, what to do. */
int tokens_gather(const TokensArgs *args, Tokens *ret, Buf *why) MUST_CHECK;
/* Does nothing to TOKENS_INIT. */
void tokens_done(Tokens *t);
