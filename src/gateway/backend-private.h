#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of Backend share. */

#include "gateway/backend.h"

/* The loop's, for stdin and stdout. */
extern const LoopSourceOps backend_input_ops, backend_output_ops;
extern const WorkOps backend_flush_ops;

int backend_flush(Backend *b) MUST_CHECK;

/* ---- its stdout as a pipe: backend-pipe.c ---- */
extern const TimerOps backend_quiet_ops;
/* One came that is longer than a pipe is. */
void backend_long_line(Backend *b, size_t n);
void backend_take_pipe(Backend *b, int fd);
void backend_drop_pipe(Backend *b);
/* Closes it, with what waits for it. */
void backend_drop_stdin(Backend *b);
/* A call is over: out of the table and the figures. */
void backend_release_call(Backend *b, Call *c);

/* initialize: greeting.c */
int greeting_start(Backend *b) MUST_CHECK;
int greeting_resume(Backend *b, Span hello) MUST_CHECK;
void greeting_free(Backend *b);
