#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of Backend share. */

#include "gateway/backend.h"

/* The loop's, for stdin and stdout. */
extern const LoopSourceOps backend_input_ops, backend_output_ops;
extern const WorkOps backend_flush_ops;

int backend_flush(Backend *b) MUST_CHECK;
/* Closes it, with what waits for it. */
void backend_drop_stdin(Backend *b);
/* A call is over: out of the table and the figures. */
void backend_release_call(Backend *b, Call *c);

/* initialize: greeting.c */
int greeting_start(Backend *b) MUST_CHECK;
int greeting_resume(Backend *b, Span hello) MUST_CHECK;
void greeting_free(Backend *b);
