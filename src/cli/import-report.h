#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What `mcpvisor import` tells on stderr of what it took from where, in plain
 * lines without a value in them. Everything that came from a file is escaped.
 */

#include "cli/import-host.h"
#include "config/config.h"

/* `took 3 servers from Cursor (PATH): fs, gh, play`, and what was left out and why. */
int import_report_taken(const Import *im) MUST_CHECK;
/* Variables that must be set, and packages without a version. */
int import_report_todo(const Import *im, const Config *c) MUST_CHECK;
/* That there was nothing: the places that were looked at. */
int import_report_places(const ImportBases *bases) MUST_CHECK;
