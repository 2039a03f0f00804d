/* SPDX-License-Identifier: Apache-2.0 */
#include "cli/file-table.h"

/* In the order of the manual page. */
const FileRow file_table[] = {
        {"mcpvisor.yaml", "check config import serve",
         "A configuration. It may have any name and stand anywhere; JSON is accepted as well."},
        {"/run/mcpvisor", "serve run",
         "The runtime directory of root: lock, control.sock, http.sock. Others have "
         "$XDG_RUNTIME_DIR/mcpvisor, or /tmp/mcpvisor-UID."},
        {"/var/lib/mcpvisor", "serve run",
         "The state directory of root: the token, caches, the state of servers. Others have "
         "$XDG_STATE_HOME/mcpvisor, or ~/.local/state/mcpvisor."},
};

const size_t file_table_size = ARRAY_SIZE(file_table);
