#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The row of `mcpvisor config` in the command table, its sub-commands, and
 * what their options fill.
 */

#include "cli/command.h"

typedef enum ConfigPrintFormat { CONFIG_PRINT_YAML, CONFIG_PRINT_JSON } ConfigPrintFormat;

typedef struct ConfigPrintOptions {
        int format; /* ConfigPrintFormat */
} ConfigPrintOptions;

typedef enum ConfigSchemaFormat {
        CONFIG_SCHEMA_JSON,
        CONFIG_SCHEMA_MARKDOWN,
        CONFIG_SCHEMA_MAN,
} ConfigSchemaFormat;

typedef struct ConfigSchemaOptions {
        int format; /* ConfigSchemaFormat */
} ConfigSchemaOptions;

extern const Command cmd_config;
