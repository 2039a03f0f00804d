/* SPDX-License-Identifier: Apache-2.0 */
/* Any text: what a strict reader accepts is written in canonical form and reads back as the same. */
#include "base/parse.h"
#include "fuzz.h"

#define ROUND(type, parse, ...)                                             \
        do {                                                                \
                type v = 0, again = 0;                                      \
                buf_clear(&b);                                              \
                if (parse(s, &v) != 0)                                      \
                        break;                                              \
                FUZZ_CHECK((__VA_ARGS__) == 0);                             \
                FUZZ_CHECK(parse(buf_span(&b), &again) == 0 && again == v); \
        } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(BUF_CAP_NONE);
        Span s = span_from((const char *)data, size);
        uint8_t bytes[8], back[8];
        ROUND(uint64_t, parse_u64, buf_appendf(&b, "%llu", (unsigned long long)v));
        ROUND(int64_t, parse_i64, buf_appendf(&b, "%lld", (long long)v));
        ROUND(bool, parse_bool, buf_append_str(&b, v ? "true" : "false"));
        ROUND(uint64_t, parse_size, format_size(&b, v));
        ROUND(Nsec, parse_duration, format_duration(&b, v));
        ROUND(uint64_t, parse_percent,
              v == PARSE_NONE ? buf_append_str(&b, "none")
                              : buf_appendf(&b, "%llu%%", (unsigned long long)v));
        ROUND(uint64_t, parse_ratio, format_ratio(&b, v));
        ROUND(uint32_t, parse_mode, buf_appendf(&b, "%04o", v));
        buf_clear(&b);
        if (parse_hex(s, bytes, sizeof(bytes)) != 0)
                return 0;
        FUZZ_CHECK(format_hex(&b, bytes, sizeof(bytes)) == 0 && span_equal_nocase(buf_span(&b), s));
        FUZZ_CHECK(parse_hex(buf_span(&b), back, 8) == 0 && memcmp(bytes, back, 8) == 0);
        return 0;
}
