#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The head of a request, kept to know the next ones by: a client says the
 * same with each, but for the values of a few headers (HTTP_HEADERS: varies).
 * A request that fits is read without llhttp, and says the number of its
 * pattern, so that what was decided about the first of them holds for it too.
 * It comes out as h1_feed() would give it; what does not fit is left to that.
 * Owned by a connection. Pure.
 */

#include "http/h1.h"

typedef struct H1Pattern H1Pattern;

H1Pattern *h1_pattern_free(H1Pattern *p);
/* The head of `h`, which is whole (H1_BODY), under this number, not 0. Only that of a request with a length,
 * that keeps the connection and is not too long: any other leaves `*p` as it was, and so does want of memory;
 * the request has no number then. */
void h1_pattern_keep(H1Pattern **p, H1 *h, uint32_t number);
/* Before the first byte: whether a whole request is there, body and all, that fits. `h` is at H1_DONE then,
 * as after h1_feed() of `*ret_used` bytes; else nothing was done. `p` may be NULL. */
bool h1_pattern_match(const H1Pattern *p, H1 *h, char *bytes, size_t n, size_t *ret_used) MUST_CHECK;
