#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The host applications that `mcpvisor client-config` writes for, one row
 * each: where their settings are, and how a server stands in them. Places are
 * those of Linux.
 */

#include "cli/import-host.h"

typedef enum ClientForm {
        CLIENT_FORM_TYPED,   /* {"type": "http", "url", "headers"} */
        CLIENT_FORM_URL,     /* {"url", "headers"} */
        CLIENT_FORM_COMMAND, /* {"command", "args"}: it knows no URL */
        CLIENT_FORM_TOML,
        _CLIENT_FORM_MAX,
} ClientForm;

typedef struct ClientHost {
        const char *word; /* as typed */
        const char *near; /* another word for it; NULL: none */
        const char *name; /* as people call it */
        ImportBase base;
        const char *path;
        const char *section; /* the object, or group of tables, that holds the servers */
        ClientForm form;
} ClientHost;

/* clang-format off */
#define CLIENT_HOST_WORDS "claude-code", "claude-desktop", "codex", "cursor", "vscode", "zed"
/* clang-format on */

extern const ClientHost client_hosts[];
extern const size_t client_hosts_size;

/* NULL: no such host. */
const ClientHost *client_host_find(const char *word);

/* How the daemon is reached. Both are NULL when a command is to be written instead. */
typedef struct ClientAddress {
        const char *url, *token; /* `token` NULL: none is needed */
        const char *program;     /* the path of this executable */
        const char *server;      /* NULL: all of them */
} ClientAddress;

/* The value of the member for JSON, the lines of the table for TOML. */
int client_host_entry(const ClientHost *h, const ClientAddress *a, Buf *ret) MUST_CHECK;
