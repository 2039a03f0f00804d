#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A member of a JSON object that is known to be valid: enough for a server
 * that measures, and independent of the parser that is measured. Pure.
 */

#include "base/span.h"

/* The value of the member, as its bytes; SPAN_NONE when it is not there or `object` is no object. */
Span member_of(Span object, const char *name) PURE;
