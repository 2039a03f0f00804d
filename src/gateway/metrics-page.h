#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What /metrics says: the rows of METRICS that have a source by now, from the
 * cells of the scoreboard, in the text format of Prometheus. A snapshot of
 * numbers that others write meanwhile; knows no client.
 */

#include "base/clock.h"
#include "ipc/scoreboard.h"

/* Appends the page. The cap of `b` is LIMIT_METRICS_PAGE or less: -ENOBUFS when it does not fit. */
int metrics_page(Scoreboard *s, Nsec now, Buf *b) MUST_CHECK;
