/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text: what loads can be printed, the print loads as the same
 * configuration and prints the same, and each view survives the way through
 * its bytes.
 */
#include "config/blob.h"
#include "config/diff.h"
#include "config/print.h"
#include "fuzz.h"

static void check_view(const Config *c, SchemaView view)
{
        CLEANUP(buf_done) Buf bytes = BUF_INIT(BUF_CAP_NONE), again = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(config_unref_p) Config *d = NULL;
        FUZZ_CHECK(config_encode(c, view, &bytes) == 0);
        FUZZ_CHECK(config_decode(buf_span(&bytes), view, &d) == 0);
        FUZZ_CHECK(config_encode(d, view, &again) == 0);
        FUZZ_CHECK(span_equal(buf_span(&bytes), buf_span(&again)));
        FUZZ_CHECK(view != VIEW_BOTH || config_equal(c, d));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(buf_done) Buf print = BUF_INIT(BUF_CAP_NONE), again = BUF_INIT(BUF_CAP_NONE);
        CLEANUP(config_unref_p) Config *a = fuzz_load(span_from((const char *)data, size)), *b = NULL;
        if (!a)
                return 0;
        for (SchemaView view = VIEW_SUPERVISOR; view <= VIEW_BOTH; view++)
                check_view(a, view);
        FUZZ_CHECK(config_print(a, &print) == 0);
        /* Literal secrets are masked in a print; it may even not load, where a mask does not fit. */
        bool masked = span_find_span(buf_span(&print), SPAN("<secret:")) < print.len;
        b = fuzz_load(buf_span(&print));
        FUZZ_CHECK(b || masked);
        FUZZ_CHECK(masked || config_equal(a, b));
        FUZZ_CHECK(!b || config_print(b, &again) == 0);
        FUZZ_CHECK(!b || span_equal(buf_span(&print), buf_span(&again)));
        return 0;
}
