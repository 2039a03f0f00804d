/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A seed for fuzz-blob: the configuration on standard input as bytes of the
 * view that is named (1 supervisor, 2 gateway), with the target's first byte
 * in place of the header. Prints nothing when it does not load.
 */
#include "config/blob.h"
#include "config/load.h"
#include "fuzz.h"

enum { BLOB_HEAD = 16 };

int main(int argc, char **argv)
{
        SchemaView view = argc == 2 && argv[1][0] == '2' ? VIEW_GATEWAY : VIEW_SUPERVISOR;
        CLEANUP(diag_list_done) DiagList diags;
        CLEANUP(source_done) Source source = {0};
        CLEANUP(config_unref_p) Config *c = NULL;
        CLEANUP(buf_done) Buf blob = BUF_INIT(BUF_CAP_NONE);
        ConfigLoadArgs args = {.source = &source, .env = &fuzz_world, .planned = true};
        diag_list_init(&diags);
        if (source_read("-", &diags, &source) != 0 || config_load(&args, &diags, &c) != 0)
                return EXIT_SUCCESS;
        if (config_encode(c, view, &blob) < 0)
                return EXIT_FAILURE;
        putchar(view == VIEW_GATEWAY ? 3 : 1);
        fwrite(blob.data + BLOB_HEAD, 1, blob.len - BLOB_HEAD, stdout);
        return EXIT_SUCCESS;
}
