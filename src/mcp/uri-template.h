#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether a URI may come from a template of RFC 6570, as far as routing needs
 * it: {var} is a run without '/', {+var} and {#var} any run, {/var}, {?var},
 * {&var}, {;var}, {.var} a run that begins so or nothing. No value is decoded.
 */

#include "base/span.h"

bool uri_template_match(Span uri_template, Span uri) PURE;
