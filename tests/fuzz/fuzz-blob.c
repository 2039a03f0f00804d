/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes: what decodes encodes to the same bytes again. Without a right
 * header no input would get far: the first byte says whether to put one
 * before the rest, and which view to read.
 */
#include "base/wire.h"
#include "config/blob.h"
#include "config/diff.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(buf_done) Buf bytes = BUF_INIT(BUF_CAP_NONE), again = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(config_unref_p) Config *a = NULL, *b = NULL;
        uint8_t how = size ? data[0] : 0;
        SchemaView view = how & 2 ? VIEW_GATEWAY : VIEW_SUPERVISOR;
        if (how & 1) {
                FUZZ_CHECK(buf_append_str(&bytes, "MVCG") == 0 && wire_put_u32(&bytes, view) == 0);
                FUZZ_CHECK(wire_put_u64(&bytes, config_fingerprint()) == 0);
        }
        FUZZ_CHECK(buf_append_span(&bytes, span_skip(span_from((const char *)data, size), 1)) == 0);
        if (config_decode(buf_span(&bytes), view, &a) != 0)
                return 0;
        FUZZ_CHECK(config_encode(a, view, &again) == 0);
        FUZZ_CHECK(span_equal(buf_span(&bytes), buf_span(&again)));
        FUZZ_CHECK(config_decode(buf_span(&again), view, &b) == 0 && config_equal(a, b));
        return 0;
}
