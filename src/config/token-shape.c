/* SPDX-License-Identifier: Apache-2.0 */
#include "config/token-shape.h"

typedef struct Shape {
        Span prefix;
        size_t least;     /* characters of its alphabet after the prefix */
        const char *more; /* besides letters and digits */
        const char *kind;
} Shape;

#define SHAPE(prefix, least, more, kind)                                \
        {                                                               \
                {(prefix), sizeof(prefix) - 1}, (least), (more), (kind) \
        }

static const Shape shapes[] = {
        SHAPE("ghp_", 30, "", "GitHub token"),
        SHAPE("gho_", 30, "", "GitHub token"),
        SHAPE("ghu_", 30, "", "GitHub token"),
        SHAPE("ghs_", 30, "", "GitHub token"),
        SHAPE("ghr_", 30, "", "GitHub token"),
        SHAPE("github_pat_", 30, "_", "GitHub token"),
        SHAPE("glpat-", 20, "_-", "GitLab token"),
        SHAPE("AKIA", 16, "", "AWS access key"),
        SHAPE("ASIA", 16, "", "AWS access key"),
        SHAPE("sk-ant-", 20, "_-", "Anthropic key"),
        SHAPE("sk-proj-", 20, "_-", "OpenAI key"),
        SHAPE("sk-", 32, "_-", "OpenAI-like key"),
        SHAPE("sk_live_", 16, "", "Stripe key"),
        SHAPE("rk_live_", 16, "", "Stripe key"),
        SHAPE("xoxb-", 20, "-", "Slack token"),
        SHAPE("xoxp-", 20, "-", "Slack token"),
        SHAPE("xoxa-", 20, "-", "Slack token"),
        SHAPE("xoxs-", 20, "-", "Slack token"),
        SHAPE("xapp-", 20, "-", "Slack token"),
        SHAPE("AIza", 35, "_-", "Google API key"),
        SHAPE("npm_", 30, "", "npm token"),
        SHAPE("pypi-", 40, "_-", "PyPI token"),
        SHAPE("hf_", 30, "", "Hugging Face token"),
        SHAPE("SG.", 40, "._-", "SendGrid key"),
        SHAPE("dop_v1_", 40, "", "DigitalOcean token"),
};

static bool is_alnum(char c)
{
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* How many characters of an alphabet s begins with; `most` is enough. */
static size_t run_length(Span s, const char *more, size_t most)
{
        size_t n = 0;
        while (n < MIN(s.len, most) && (is_alnum(s.ptr[n]) || (s.ptr[n] && strchr(more, s.ptr[n]))))
                n++;
        return n;
}

/* header.payload.signature, each base64url, the first beginning as {"...  does. */
static bool is_jwt(Span s)
{
        enum { PART_SHORTEST = 10, PART_LONGEST = 8192 };
        const char *more = "_-";
        if (!span_starts(s, SPAN("eyJ")))
                return false;
        size_t header = run_length(s, more, PART_LONGEST);
        Span rest = span_skip(s, header);
        if (header < PART_SHORTEST || !span_starts(rest, SPAN(".eyJ")))
                return false;
        rest = span_skip(rest, 1);
        size_t payload = run_length(rest, more, PART_LONGEST);
        rest = span_skip(rest, payload);
        return payload >= PART_SHORTEST && span_starts(rest, SPAN(".")) &&
               run_length(span_skip(rest, 1), more, PART_SHORTEST) == PART_SHORTEST;
}

static bool has_shape(Span s, const Shape *shape)
{
        return span_starts(s, shape->prefix) &&
               run_length(span_skip(s, shape->prefix.len), shape->more, shape->least) == shape->least;
}

/* SCHEME://USER:PASSWORD@HOST, anywhere in the text. */
static bool has_url_password(Span text)
{
        for (size_t at; (at = span_find_span(text, SPAN("://"))) < text.len;) {
                text = span_skip(text, at + 3);
                size_t user = 0, host = 0;
                while (user < text.len && !strchr(":/?# \"'@", text.ptr[user]))
                        user++;
                host = user;
                while (host < text.len && !strchr("/?# \"'@", text.ptr[host]))
                        host++;
                bool reference = span_starts(span_skip(text, user), SPAN(":${"));
                if (host < text.len && text.ptr[host] == '@' && host > user + 1 && !reference)
                        return true;
        }
        return false;
}

/* Authorization: Bearer TOKEN */
static bool has_bearer(Span text)
{
        enum { LEAST = 8 };
        size_t at = span_find_span(text, SPAN("Bearer "));
        return at < text.len && run_length(span_skip(text, at + 7), "._~+/=-", LEAST) == LEAST;
}

const char *token_shape(Span text)
{
        enum { SHORTEST = 16 };
        if (text.len < SHORTEST)
                return NULL;
        if (span_find_span(text, SPAN("PRIVATE KEY-----")) < text.len)
                return "private key";
        if (has_url_password(text))
                return "password in a URL";
        if (has_bearer(text))
                return "bearer token";
        for (Span s = text; s.len; s = span_skip(s, 1)) {
                if (s.ptr != text.ptr && is_alnum(s.ptr[-1]))
                        continue; /* in the middle of a word */
                if (is_jwt(s))
                        return "JSON web token";
                for (size_t i = 0; i < ARRAY_SIZE(shapes); i++)
                        if (s.ptr[0] == shapes[i].prefix.ptr[0] && has_shape(s, &shapes[i]))
                                return shapes[i].kind;
        }
        return NULL;
}

static bool has_word(Span name, const char *word)
{
        size_t n = strlen(word);
        for (Span s = name; s.len >= n; s = span_skip(s, 1)) {
                bool begins = s.ptr == name.ptr || s.ptr[-1] == '_';
                bool ends = s.len == n || s.ptr[n] == '_';
                if (begins && ends && span_equal_nocase(span_first(s, n), span_from(word, n)))
                        return true;
        }
        return false;
}

bool token_name(Span name)
{
        static const char *const words[] = {"TOKEN",       "SECRET", "PASSWORD", "PASSWD",
                                            "PASSPHRASE",  "APIKEY", "KEY",      "CREDENTIAL",
                                            "CREDENTIALS", "PAT",    "COOKIE",   "DSN"};
        for (size_t i = 0; i < ARRAY_SIZE(words); i++)
                if (has_word(name, words[i]))
                        return true;
        return false;
}
