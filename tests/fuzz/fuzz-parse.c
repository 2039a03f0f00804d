/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes base/parse: what reads as a value is written in a form that reads as the same value. */
#include "base/parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(expr)              \
        do {                     \
                if (!(expr))     \
                        abort(); \
        } while (0)

typedef struct Form {
        int (*parse)(Span s, uint64_t *ret);
        int (*format)(Buf *b, uint64_t v);
} Form;

static const Form forms[] = {
        {parse_size, format_size},
        {parse_duration, format_duration},
        {parse_ratio, format_ratio},
};

static void round_trip(const Form *f, Span s)
{
        uint64_t first, again;
        if (f->parse(s, &first) < 0)
                return;
        Buf b = BUF_INIT(64);
        CHECK(f->format(&b, first) == 0);
        CHECK(f->parse(buf_span(&b), &again) == 0);
        CHECK(first == again);
        buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        Span s = span_from((const char *)data, size);
        for (size_t i = 0; i < ARRAY_SIZE(forms); i++)
                round_trip(forms + i, s);
        uint64_t number, percent;
        int64_t with_sign;
        uint32_t mode;
        if (parse_u64(s, &number) == 0 && number <= INT64_MAX)
                CHECK(parse_i64(s, &with_sign) == 0 && (uint64_t)with_sign == number);
        if (parse_mode(s, &mode) == 0)
                CHECK(mode <= 07777);
        (void)!parse_percent(s, &percent);
        return 0;
}
