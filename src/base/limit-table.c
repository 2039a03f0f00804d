/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"

const LimitRow limit_table[] = {
#define L(name, value, unit, doc) {#name, (unit), (doc), (value)},
        LIMITS(L)
#undef L
};

const unsigned limit_table_size = sizeof(limit_table) / sizeof(limit_table[0]);
