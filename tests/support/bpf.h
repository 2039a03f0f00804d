#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs a filter of system calls as the kernel does. An instruction that
 * filters do not have, or an end that is none, is a failure of the test.
 */

#include <linux/seccomp.h>

#include "base/span.h"

/* SECCOMP_RET_ and its data. */
uint32_t bpf_run(Span program, const struct seccomp_data *data);
