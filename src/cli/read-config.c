/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"
#include "base/limit-table.h"
#include "cli/read-config.h"
#include "config/blob.h"

const char *read_config_path(const CommandCall *call)
{
        const char *path = call->n_args ? call->args[0] : getenv("MCPVISOR_CONFIG");
        if (path && *path)
                return path;
        (void)command_usage_error(call->path, "no file: name one, or set MCPVISOR_CONFIG");
        return NULL;
}

int read_config(const CommandCall *call, const ValidateArgs *args, ValidateResult *ret)
{
        int r = validate(args, ret);
        if (r < 0) {
                command_error(call->path, "cannot run the validator: %s", strerror(-r));
                return EXIT_CODE_INTERNAL;
        }
        if (r == 0)
                return EXIT_CODE_DONE;
        command_error(call->path, "%s: %s", args->path,
                      ret->diags.first ? ret->diags.first->message : "could not be read");
        validate_result_done(ret);
        return EXIT_CODE_INTERNAL;
}

int read_config_blob(const ValidateResult *v, Config **ret)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(LIMIT_CONFIG_BLOB);
        if (lseek(v->supervisor_fd, 0, SEEK_SET) < 0)
                return -errno;
        int r = fd_read_all(v->supervisor_fd, &b);
        return r < 0 ? r : config_decode(buf_span(&b), VIEW_SUPERVISOR, ret);
}
