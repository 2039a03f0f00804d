#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a single text must look like, one function per form. Each returns
 * NULL, or half a sentence that says what is wrong and what to write instead.
 * Pure: nothing here looks at the machine.
 */

#include "base/span.h"

const char *check_nonempty(Span s);
const char *check_path(Span s);        /* absolute, without .. */
const char *check_command(Span s);     /* a program's name, an absolute path, builtin:NAME */
const char *check_name(Span s);        /* of a server or view: [A-Za-z0-9_-]{1,64} */
const char *check_token_name(Span s);  /* [A-Za-z0-9._-]{1,64} */
const char *check_env_name(Span s);    /* POSIX */
const char *check_secret_name(Span s); /* a file name: [A-Za-z0-9._-]{1,64} */
const char *check_account(Span s);     /* a user or group, by name or number */
const char *check_listen(Span s);      /* ADDRESS:PORT, [V6]:PORT, unix:PATH */
const char *check_host(Span s);        /* a host name, with no port */
const char *check_origin(Span s);      /* scheme://host[:port] */
const char *check_url(Span s);         /* http:// or https:// */
const char *check_host_port(Span s);   /* host:port, *.host:port, [v6]:port; port * */
const char *check_token_hash(Span s);  /* sha256:HEX */
const char *check_pattern(Span s);     /* a glob over names */
const char *check_tool_name(Span s);   /* what a tool may be renamed to */
const char *check_prefix(Span s);
const char *check_root_uri(Span s); /* file:// */
const char *check_syscall(Span s);  /* a system call's name or @set */
