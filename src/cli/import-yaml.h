#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An Import as a commented configuration of ours, and the proof that this
 * version accepts it: every server is loaded before it may go in, and what
 * the loader refuses is left out with the loader's reason. References to
 * files of secrets are answered from the Import; nothing is written or
 * looked up on the machine, but variables of the environment.
 */

#include "cli/import-list.h"
#include "config/config.h"

/* `secrets`: the absolute directory that the files of secrets will be in. */
typedef struct ImportYaml {
        Import *im;          /* borrowed; servers that are refused are marked as left out */
        const char *secrets; /* borrowed */
} ImportYaml;

enum { _IMPORT_YAML_E_SUCCESS, IMPORT_YAML_E_INVALID };

/* Writes the file and gives what it means. IMPORT_YAML_E_INVALID: the whole is refused, `why` says it. */
int import_yaml(const ImportYaml *y, Buf *ret_text, Config **ret_config, Buf *why) MUST_CHECK;
/* What the file of a secret must hold so that its reference gives exactly the secret. */
int import_secret_text(Span secret, Buf *b) MUST_CHECK;
/* Can ${file:...} hold this path? NULL, or what is wrong with it. */
const char *import_check_dir(const char *path);
