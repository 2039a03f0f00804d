/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any text: what loads can be printed, the print loads as the same
 * configuration and prints the same, and each view survives the way through
 * its bytes. No finding shows what a file holds.
 */
#include "config/blob.h"
#include "config/diff.h"
#include "config/load.h"
#include "config/print.h"
#include "fuzz.h"

static Config *load(Span text)
{
        DiagList diags;
        Source source = {0};
        Config *c = NULL;
        diag_list_init(&diags);
        if (source_from_text("fuzz", text, &diags, &source) == 0) {
                ConfigLoadArgs args = {.source = &source, .env = &fuzz_world, .planned = true};
                FUZZ_CHECK(config_load(&args, &diags, &c) >= 0);
        }
        bool told = span_find_span(text, SPAN(FUZZ_SECRET)) < text.len;
        for (const Diag *d = diags.first; d; d = d->next)
                FUZZ_CHECK(told || !strstr(d->message, FUZZ_SECRET));
        source_done(&source);
        diag_list_done(&diags);
        return c;
}

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
        CLEANUP(config_unref_p) Config *a = load(span_from((const char *)data, size)), *b = NULL;
        if (!a)
                return 0;
        for (SchemaView view = VIEW_SUPERVISOR; view <= VIEW_BOTH; view++)
                check_view(a, view);
        FUZZ_CHECK(config_print(a, &print) == 0);
        /* Literal secrets are masked in a print; it may even not load, where a mask does not fit. */
        bool masked = span_find_span(buf_span(&print), SPAN("<secret:")) < print.len;
        b = load(buf_span(&print));
        FUZZ_CHECK(b || masked);
        FUZZ_CHECK(masked || config_equal(a, b));
        FUZZ_CHECK(!b || config_print(b, &again) == 0);
        FUZZ_CHECK(!b || span_equal(buf_span(&print), buf_span(&again)));
        return 0;
}
