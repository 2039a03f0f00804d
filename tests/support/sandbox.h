#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of the sandbox: a machine that has everything, a file system that
 * is written down, and a plan from the text of one server's configuration.
 */

#include "support/config.h"

#include "sandbox/plan.h"

/* Everything is there: root, Landlock ABI 7, all controllers. */
SandboxMachine sandbox_machine(void);
/* A small Debian with mcpvisor's files in /etc/mcpvisor and /var/lib/mcpvisor. */
extern const SandboxSurvey sandbox_survey;
#define SANDBOX_HOME "/var/lib/mcpvisor/home/fs"

typedef struct Planned {
        Config *config; /* owned */
        SandboxPlan plan;
} Planned;

/* `sandbox` is what stands below the key, in one line: "{profile: strict}"; `more` further lines of the
 * server, or NULL. */
void plan_of(const SandboxMachine *m, const char *sandbox, const char *more, Planned *ret);
void planned_done(Planned *p);

/* The server alone: of a configuration that the caller owns. */
Config *sandbox_config(const char *sandbox, const char *more);

/* How many steps of a kind; the first of them with this text (NULL: any), or NULL. */
size_t count_steps(const SandboxPlan *p, SandboxStepKind kind);
const SandboxStep *find_step(const SandboxPlan *p, SandboxStepKind kind, const char *text);
