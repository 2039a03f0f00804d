#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One member put into a JSON file of a host application, all other bytes
 * staying as they are: comments, layout, order. Pure; the file has been
 * accepted by import_json before.
 */

#include "base/buf.h"

enum { _HOST_JSON_E_SUCCESS, HOST_JSON_E_UNCLEAR };

/* `text` with `section`.`name` being `value`, which may have several lines: replaced, or put behind the last
 * member. Empty text: a new file. HOST_JSON_E_UNCLEAR: the file or the section is no
 * object, or what is meant stands there twice. */
int host_json_merge(Span text, const char *section, const char *name, Span value, Buf *ret) MUST_CHECK;
