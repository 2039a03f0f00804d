#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that the configuration wants made of each new instance (`warmup`), one
 * after the other, once it is ready. Hangs on its Backend. What they answer is
 * of no interest, only that one fails is logged: clients do not wait for them.
 */

#include "gateway/backend.h"

int warmup_start(Backend *b) MUST_CHECK;
void warmup_free(Backend *b);
