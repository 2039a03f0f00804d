#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files about an instance share, and nobody else includes: instance.c
 * has its events and its life, instance-do.c the actions of the table,
 * instance-tree.c its process trees, from their start to what their end was.
 */

#include "supervisor/instance.h"

struct Supervisor *instance_sup(const Instance *i);
Nsec instance_now(const Instance *i);
/* The one timer of its state, and the event that it becomes. */
void instance_arm(Instance *i, StateEvent event, Nsec at);

void instance_do(Instance *i, StateActionBit bit);

/* The first of what is said counts: what follows from an end is not its cause. */
void instance_note_cause(Instance *i, const ExitFacts *f);
/* The life is over: what it was, for the history and for the decision. */
void instance_end_life(Instance *i);
