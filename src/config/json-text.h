#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON is nearly YAML. What is left: comments of editors' JSON files, and
 * characters beyond U+FFFF that JSON escapes as two surrogates, which a YAML
 * parser refuses. Both are put right in the text of a file that begins like a
 * JSON object; every other text is left alone.
 */

#include "base/buf.h"

/* Comments become spaces, so that lines and columns stay; pairs become the character itself. */
int json_text_prepare(Buf *text) MUST_CHECK;
