/* SPDX-License-Identifier: Apache-2.0 */
#include "config/foreign.h"

#define REMOTE "remote servers are not supported yet: only servers that are started by a command"
#define STDIO  "is not stdio: " REMOTE
#define ASKED  "has no effect here: mcpvisor never asks; use tools.allow and tools.deny"

const ForeignRow foreign_table[] = {
        {OWNER_ROOT, "mcpServers", FOREIGN_ALIAS, "servers"},
        {OWNER_ROOT, "inputs", FOREIGN_SILENT, NULL},
        {OWNER_ROOT, "$schema", FOREIGN_SILENT, NULL},
        {OWNER_SERVER, "envFile", FOREIGN_ALIAS, "env_file"},
        {OWNER_SERVER, "disabledTools", FOREIGN_ALIAS, "tools.deny"},
        {OWNER_SERVER, "type", FOREIGN_TYPE, STDIO},
        {OWNER_SERVER, "transport", FOREIGN_TYPE, STDIO},
        {OWNER_SERVER, "url", FOREIGN_REFUSE, REMOTE},
        {OWNER_SERVER, "serverUrl", FOREIGN_REFUSE, REMOTE},
        {OWNER_SERVER, "headers", FOREIGN_REFUSE, REMOTE},
        {OWNER_SERVER, "disabled", FOREIGN_DISABLED, NULL},
        {OWNER_SERVER, "autoApprove", FOREIGN_IGNORE, ASKED},
        {OWNER_SERVER, "alwaysAllow", FOREIGN_IGNORE, ASKED},
        {OWNER_SERVER, "timeout", FOREIGN_IGNORE, "has no effect here: use request_timeout"},
        {OWNER_SERVER, "sandboxEnabled", FOREIGN_IGNORE, "has no effect here: use sandbox.profile"},
        {OWNER_SERVER, "dev", FOREIGN_IGNORE, "has no effect here: use reload: watch"},
        {OWNER_SERVER, "description", FOREIGN_SILENT, NULL},
        {OWNER_SERVER, "gallery", FOREIGN_SILENT, NULL},
        {OWNER_SERVER, "version", FOREIGN_SILENT, NULL},
        {OWNER_SERVER, "icon", FOREIGN_SILENT, NULL},
};

const size_t foreign_table_size = ARRAY_SIZE(foreign_table);

const ForeignRow *foreign_find(SchemaOwner owner, Span key)
{
        for (size_t i = 0; i < foreign_table_size; i++)
                if (foreign_table[i].owner == owner && span_equal(span_of(foreign_table[i].key), key))
                        return &foreign_table[i];
        return NULL;
}
