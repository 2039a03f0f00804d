/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A seed for fuzz-blob: the configuration on standard input as bytes of the
 * view that is named (1 supervisor, 2 gateway), with the target's first byte
 * in place of the header. Prints nothing when it does not load.
 */
#include "base/fd.h"
#include "config/blob.h"
#include "fuzz.h"

enum { BLOB_HEAD = 16 };

int main(int argc, char **argv)
{
        SchemaView view = argc == 2 && argv[1][0] == '2' ? VIEW_GATEWAY : VIEW_SUPERVISOR;
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE), blob = BUF_INIT(BUF_CAP_NONE);
        FUZZ_CHECK(fd_read_all(STDIN_FILENO, &text) == 0);
        CLEANUP(config_unref_p) Config *c = fuzz_load(buf_span(&text));
        if (!c)
                return EXIT_SUCCESS;
        FUZZ_CHECK(config_encode(c, view, &blob) == 0);
        putchar(view == VIEW_GATEWAY ? 3 : 1);
        fwrite(blob.data + BLOB_HEAD, 1, blob.len - BLOB_HEAD, stdout);
        return EXIT_SUCCESS;
}
