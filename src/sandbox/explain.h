#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan in plain words, and as JSON. Only says what the plan holds.
 */

#include "base/json-writer.h"
#include "sandbox/plan.h"

typedef struct ExplainArgs {
        const ServerConfig *server;
        const SandboxMachine *machine;
        const SandboxPlan *plan;
        bool steps; /* each step, too */
} ExplainArgs;

int explain_text(const ExplainArgs *args, Buf *b) MUST_CHECK;
void explain_json(const ExplainArgs *args, JsonWriter *w);
/* What is there and what is not, and what to do about it. */
int explain_machine_text(const SandboxMachine *m, Buf *b) MUST_CHECK;
void explain_machine_json(const SandboxMachine *m, JsonWriter *w);
