#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/* The schema table for people and editors: everything here is written from the rows. */

#include "base/buf.h"

/* JSON Schema 2020-12, for editors. */
int schema_write_json(Buf *b) MUST_CHECK;
/* docs/configuration.md */
int schema_write_markdown(Buf *b) MUST_CHECK;
/* mcpvisor.yaml(5) */
int schema_write_man(Buf *b) MUST_CHECK;
