#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a text to a snapshot, or to a list of all that is wrong with it. Looks
 * at the environment and at files that references name, through ExpandEnv;
 * whether commands and users exist is the validator's question.
 */

#include "config/config.h"
#include "config/expand.h"
#include "config/source.h"

typedef struct ConfigLoadArgs {
        const Source *source;
        const ExpandEnv *env;
        bool planned;           /* accept keys whose feature comes later */
        const char *const *set; /* see override.h; they win over the text */
        size_t n_set;
} ConfigLoadArgs;

enum { _CONFIG_E_SUCCESS, CONFIG_E_INVALID };

/* CONFIG_E_INVALID: `diags` has errors. Otherwise it may have warnings and notes. */
int config_load(const ConfigLoadArgs *args, DiagList *diags, Config **ret) MUST_CHECK;
