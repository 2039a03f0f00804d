/* SPDX-License-Identifier: Apache-2.0 */
#include "base/fd.h"
#include "base/limit-table.h"
#include "base/utf8.h"
#include "cli/core-file.h"
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

static int say_not_run(const CommandCall *call, int error)
{
        command_error(call->path, "cannot run the validator: %s",
                      error == -ENOENT ? "this program is not found in /proc: is it mounted?"
                                       : strerror(-error));
        return EXIT_CODE_INTERNAL;
}

void read_config_error(const CommandCall *call, const char *path, const char *what)
{
        CLEANUP(buf_done) Buf shown = BUF_INIT(BUF_CAP_NONE);
        bool known = utf8_escape(&shown, span_of(path)) == 0;
        command_error(call->path, "%s: %s", known ? buf_text(&shown) : "?", what);
}

int read_config(const CommandCall *call, const ValidateArgs *args, ValidateResult *ret)
{
        core_file_forbid();
        int r = validate(args, ret);
        if (r < 0)
                return say_not_run(call, r);
        if (r == 0)
                return EXIT_CODE_DONE;
        read_config_error(call, args->path,
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
