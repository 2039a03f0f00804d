#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a reload would do: two snapshots compared key by key. Pure; the caller
 * decides what to do with the answer.
 */

#include "config/config.h"
#include "config/schema.h"

typedef enum DiffAction {
        DIFF_SAME,
        DIFF_LIVE,    /* takes effect without a restart */
        DIFF_RESTART, /* the server is restarted */
        DIFF_ADD,
        DIFF_REMOVE,
        _DIFF_ACTION_MAX,
} DiffAction;

typedef struct DiffEntry {
        DiffAction action;
        const ServerConfig *before, *after; /* borrowed; NULL: not there */
        uint16_t *rows;                     /* owned by the diff: schema rows that differ */
        size_t n_rows;
} DiffEntry;

typedef struct ConfigDiff {
        Arena arena;
        DiffEntry *servers; /* those of `after` in its order, then the removed ones */
        size_t n_servers;
        uint16_t *rows; /* rows of the whole configuration that differ */
        size_t n_rows;
        SchemaReload reload; /* the most that these rows take */
        bool views;          /* views were added, removed or changed */
} ConfigDiff;

int config_diff(const Config *before, const Config *after, ConfigDiff *ret) MUST_CHECK;
void config_diff_done(ConfigDiff *d);
const char *diff_action_name(DiffAction action);
/* Equal in every key that the blob carries (not in how it was written). */
bool config_equal(const Config *a, const Config *b);
