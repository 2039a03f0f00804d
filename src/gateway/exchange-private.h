#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of Exchange share. */

#include "gateway/exchange.h"

/* ---- out: exchange-out.c ---- */

/* Its only message, or the last one of its stream, to whoever still waits for it. */
int exchange_give(Exchange *x, const Span *parts, unsigned n) MUST_CHECK;
