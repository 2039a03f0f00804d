#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which row of ENVELOPE_MEMBERS a name is, if any. The rows of one place stand
 * together in that table. For the files of this layer only.
 */

#include "base/span.h"
#include "jsonrpc/member-table.h"

/* _MEMBER_MAX: none. */
EnvelopeMember member_find(EnvelopePlace place, Span name) PURE;
