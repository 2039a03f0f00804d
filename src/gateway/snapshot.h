#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration as the gateway gets it: first a row of the scoreboard for
 * each server, then the blob with the tokens; prepared, then committed or
 * dropped. Owned by the gateway; what is committed is never changed.
 */

#include "config/config.h"
#include "ipc/message.h"
#include "ipc/token.h"

typedef struct SnapshotRow {
        uint32_t row, index;
        uint64_t generation; /* of the row */
        char name[72];
} SnapshotRow;

typedef struct Snapshot {
        uint64_t generation;
        Config *config;    /* owned: a reference; NULL until it is prepared */
        SnapshotRow *rows; /* owned */
        size_t n, room;
        IpcToken *tokens; /* owned: none of them with auth.mode none */
        size_t n_tokens;
} Snapshot;

void snapshot_done(Snapshot *s);
/* A row of another generation begins a new snapshot. */
int snapshot_add_row(Snapshot *s, const IpcServerRow *m, Span name) MUST_CHECK;

enum { _SNAPSHOT_E_SUCCESS, SNAPSHOT_E_REFUSED };
/* Decodes the blob and the tokens in `fds`, which stay the caller's. SNAPSHOT_E_REFUSED: `why` says the
 * reason. */
int snapshot_prepare(Snapshot *s, uint64_t generation, const int fds[static 2], Buf *why) MUST_CHECK;

/* The name of the server in that row; "?" when there is none. */
const char *snapshot_name(const Snapshot *s, uint32_t row);
