#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tokens that open the endpoint as they cross to the gateway: names and
 * SHA-256 hashes, in a sealed memfd that comes with a configuration, so that
 * both are exchanged at once. What a token reads like stays with the
 * supervisor; the gateway hashes what a client sends and looks it up.
 */

#include "base/sha256.h"

enum { IPC_TOKEN_NAME = 72 };

typedef struct IpcToken {
        char name[IPC_TOKEN_NAME]; /* for logs; ends with NUL */
        uint8_t hash[SHA256_SIZE];
} IpcToken;

/* A sealed memfd; none at all is fine. */
int ipc_tokens_write(const IpcToken *tokens, size_t n, int *ret_fd) MUST_CHECK;
/* An array to be freed, NULL when there are none; the descriptor stays the caller's. -EBADMSG. */
int ipc_tokens_read(int fd, IpcToken **ret, size_t *ret_n) MUST_CHECK;

/* The one of this text, or NULL. How long that takes does not tell how much of a hash is right. */
const IpcToken *ipc_token_find(const IpcToken *tokens, size_t n, Span text);
