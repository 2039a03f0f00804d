#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our own cursors into merged lists: which list, which edition of it, and how
 * far, under a MAC. A cursor of another edition or another key is none.
 * Printable, without escapes in JSON. Pure; the key is the gateway's.
 */

#include "base/sha256.h"

enum { CURSOR_KEY = 32, CURSOR_SIZE = 48 }; /* bytes of the text, NUL included: at most */

typedef struct Cursor {
        uint32_t list;
        uint32_t offset;
        uint64_t edition;
} Cursor;

void cursor_write(const uint8_t key[static CURSOR_KEY], const Cursor *c, char ret[static CURSOR_SIZE]);
/* The text without quotes. False: not one of ours. */
bool cursor_read(const uint8_t key[static CURSOR_KEY], Span text, Cursor *ret);
/* HMAC-SHA-256 (RFC 2104). */
void hmac_sha256(Span key, Span text, uint8_t ret[static SHA256_SIZE]);
