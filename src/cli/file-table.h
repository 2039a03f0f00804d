#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files that the program reads and makes, one row each, for the manual
 * page. It shows the rows whose command this version has.
 */

#include "base/macro.h"

typedef struct FileRow {
        const char *path;
        const char *commands; /* those that use it, separated by a space */
        const char *doc;      /* sentences */
} FileRow;

extern const FileRow file_table[];
extern const size_t file_table_size;
