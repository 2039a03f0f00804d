#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A snapshot as bytes, for one side of the house: the supervisor's view, or
 * the gateway's, which has no command, no environment and no secret. Written
 * by the validator, read by processes that trust neither its luck nor its
 * health: every length, count, word and number is checked, and the schema's
 * fingerprint must be that of the reader.
 */

#include "config/config.h"
#include "config/schema.h"

int config_encode(const Config *c, SchemaView view, Buf *b) MUST_CHECK;
/* -EBADMSG: not such bytes; -ESTALE: of another build. Fields of the other view have their defaults. */
int config_decode(Span bytes, SchemaView view, Config **ret) MUST_CHECK;
/* Changes whenever a row's path, type or view does. */
uint64_t config_fingerprint(void);
