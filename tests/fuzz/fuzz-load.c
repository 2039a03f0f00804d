/* SPDX-License-Identifier: Apache-2.0 */
#include "config/load.h"
#include "fuzz.h"

Config *fuzz_load(Span text)
{
        CLEANUP(diag_list_done) DiagList diags;
        CLEANUP(source_done) Source source = {0};
        Config *c = NULL;
        diag_list_init(&diags);
        if (source_from_text("fuzz", text, &diags, &source) == 0) {
                source.world_readable = true;
                ConfigLoadArgs args = {.source = &source, .env = &fuzz_world};
                args.planned = !span_starts(text, SPAN("#"));
                FUZZ_CHECK(config_load(&args, &diags, &c) >= 0);
        }
        bool told = span_find_span(text, SPAN(FUZZ_SECRET)) < text.len;
        for (const Diag *d = diags.first; d; d = d->next)
                FUZZ_CHECK(told || !strstr(d->message, FUZZ_SECRET));
        return c;
}
