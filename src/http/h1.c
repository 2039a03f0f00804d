/* SPDX-License-Identifier: Apache-2.0 */
#include "base/limit-table.h"
#include "http/h1-private.h"

/* ---- life ------------------------------------------------------------------- */

static void h1_release(H1 *h)
{
        buf_done(&h->head);
        buf_done(&h->body);
        free(h->lines);
        free(h->headers);
        h->lines = NULL;
        h->headers = NULL;
        h->room = 0;
}

int h1_new(H1 **ret)
{
        H1 *h = calloc(1, sizeof(*h));
        if (!h)
                return -ENOMEM;
        *ret = h;
        return 0;
}

H1 *h1_free(H1 *h)
{
        if (!h)
                return NULL;
        h1_release(h);
        free(h);
        return NULL;
}

void h1_reset(H1 *h, const H1Limits *limits, size_t keep)
{
        if (h->head.size + h->body.size + h->room * (sizeof(H1Line) + sizeof(HttpHeader)) > keep)
                h1_release(h);
        buf_clear(&h->head);
        buf_clear(&h->body);
        *h = (H1){
                .limits = *limits,
                .head = h->head,
                .body = h->body,
                .lines = h->lines,
                .headers = h->headers,
                .room = h->room,
        };
        h->head.cap = h->body.cap = BUF_CAP_NONE; /* what is too long is found by counting */
        llhttp_init(&h->parser, HTTP_REQUEST, &h1_settings);
        h->parser.data = h;
}

void h1_limit(H1 *h, const H1Limits *limits)
{
        assert(h->taken == 0);
        h->limits = *limits;
}

/* ---- feeding ---------------------------------------------------------------- */

/* What llhttp finds wrong, in our words; the rest is a plain 400. */
static const struct {
        llhttp_errno_t error;
        int status;
        const char *why;
} faults[] = {
        {HPE_INVALID_METHOD, 400, "no HTTP request"},
        {HPE_INVALID_URL, 400, "a byte in the target that may not be there"},
        {HPE_INVALID_VERSION, 505, "a version that is neither HTTP/1.1 nor HTTP/1.0"},
        {HPE_PAUSED_H2_UPGRADE, 505, "a version that is neither HTTP/1.1 nor HTTP/1.0"},
        {HPE_INVALID_CONSTANT, 400, "a request line that is none of HTTP"},
        {HPE_INVALID_HEADER_TOKEN, 400, "a byte in a header that may not be there"},
        {HPE_CR_EXPECTED, 400, "a line that does not end with CR LF"},
        {HPE_LF_EXPECTED, 400, "a line that does not end with CR LF"},
        {HPE_UNEXPECTED_SPACE, 400, "a header that is folded"},
        {HPE_INVALID_CONTENT_LENGTH, 400, "a Content-Length that is no number"},
        {HPE_UNEXPECTED_CONTENT_LENGTH, 400, "Content-Length twice, or beside Transfer-Encoding"},
        {HPE_INVALID_TRANSFER_ENCODING, 400, "a Transfer-Encoding that is not chunked"},
        {HPE_INVALID_CHUNK_SIZE, 400, "a chunk whose size is no number"},
};

/* Letters as methods have them: it may be one that we do not know. */
static bool is_method_byte(char c)
{
        return (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
}

static void refuse_fault(H1 *h, llhttp_errno_t error, const char *at)
{
        if (error == HPE_INVALID_METHOD && is_method_byte(*at)) {
                h1_refuse(h, 501, "a method that is not known");
                return;
        }
        for (size_t i = 0; i < ARRAY_SIZE(faults); i++)
                if (faults[i].error == error)
                        h1_refuse(h, faults[i].status, faults[i].why);
        h1_refuse(h, 400, "a request that is not as HTTP/1.1 wants it");
}

/* A line of the head that begins with white space continues the one before, for some, and is a header of
 * its own for others: llhttp lets it pass. `before`: what stands before the first byte. */
static bool has_fold(char before, const char *bytes, size_t n)
{
        const char *end = bytes + n, *p = bytes;
        if (n > 0 && before == '\n' && (*p == ' ' || *p == '\t'))
                return true;
        while ((p = memchr(p, '\n', (size_t)(end - p))))
                if (++p == end)
                        return false;
                else if (*p == ' ' || *p == '\t')
                        return true;
        return false;
}

/* Runs llhttp over `n` bytes; how many it took, up to the one that it does not like. */
static size_t run(H1 *h, const char *bytes, size_t n)
{
        h->fed = bytes;
        llhttp_errno_t e = llhttp_execute(&h->parser, bytes, n);
        size_t used = e == HPE_OK ? n : (size_t)(llhttp_get_error_pos(&h->parser) - bytes);
        if (e == HPE_PAUSED)
                llhttp_resume(&h->parser);
        else if (e != HPE_OK && h->error == 0)
                refuse_fault(h, e, bytes + MIN(used, n - 1));
        return used;
}

static void refuse_head_length(H1 *h)
{
        if (h->target_whole)
                h1_refuse_limit(h, 431, "request line and headers are longer", "max_header",
                                h->limits.max_header);
        else
                h1_refuse_limit(h, 414, "the request line is longer", "max_header", h->limits.max_header);
}

/* Once a piece of the head is kept, all of it is. */
static int head_begin(H1 *h, const char *bytes, size_t n)
{
        if (h->taken == 0) {
                h->head_at = bytes;
                return 0;
        }
        assert(h->head.len == h->taken); /* else h1_keep() was forgotten */
        int r = buf_append(&h->head, bytes, n);
        if (r == 0)
                h->head_at = h->head.data;
        return r;
}

static int feed_head(H1 *h, const char *bytes, size_t n, size_t *ret_used)
{
        n = MIN(n, h->limits.max_header - h->taken);
        int r = head_begin(h, bytes, n);
        if (r < 0)
                return r;
        size_t used = run(h, bytes, n);
        if (h->error < 0)
                return h->error;
        if (has_fold(h->last, bytes, used)) { /* it stands before whatever else may be wrong */
                h->refusal.status = 0;
                h1_refuse(h, 400, "a header that is folded");
        }
        h->taken += used;
        h->head_len = h->taken;
        h->last = used ? bytes[used - 1] : h->last;
        if (h->head.len)
                h->head.len = h->taken;
        if (!h->refusal.status && !h->head_whole && h->taken == h->limits.max_header)
                refuse_head_length(h);
        *ret_used = used;
        return 0;
}

static int feed_body(H1 *h, const char *bytes, size_t n, size_t *ret_used)
{
        size_t used = run(h, bytes, n);
        if (h->error < 0)
                return h->error;
        h->taken += used;
        (void)h1_too_much_beside(h, h->taken);
        *ret_used = used;
        return 0;
}

static void body_finish(H1 *h)
{
        h->request.body = h->body_at ? h->body_at : h->body.data;
        h->request.body_len = h->discard ? 0 : h->body_len;
}

static void set_state(H1 *h)
{
        if (h->refusal.status)
                h->state = H1_REFUSED;
        else if (h->state == H1_DONE)
                body_finish(h);
        else
                h->state = h->head_whole ? H1_BODY : H1_HEAD;
}

/* Empty lines before a request are not counted as its beginning. */
static size_t skip_blank(H1 *h, const char *bytes, size_t n)
{
        size_t used = 0;
        while (h->taken == 0 && used < n && (bytes[used] == '\r' || bytes[used] == '\n')) {
                used++;
                if (++h->blank > LIMIT_HTTP_BLANK)
                        h1_refuse(h, 400, "empty lines where a request should be");
        }
        return used;
}

int h1_feed(H1 *h, char *bytes, size_t n, size_t *ret_used, H1State *ret_state)
{
        size_t blank = skip_blank(h, bytes, n), used = 0;
        int r = 0;
        bytes += blank;
        n -= blank;
        if (n > 0 && !h->refusal.status && h->state != H1_DONE)
                r = h->head_whole ? feed_body(h, bytes, n, &used) : feed_head(h, bytes, n, &used);
        if (r < 0)
                return r;
        set_state(h);
        *ret_used = blank + used;
        *ret_state = h->state;
        return 0;
}

int h1_keep(H1 *h)
{
        int r = 0;
        if (h->taken > 0 && h->head.len == 0) {
                r = buf_append(&h->head, h->head_at, h->head_len);
                if (r < 0)
                        return r;
                h->head_at = h->head.data;
                if (h->head_whole)
                        r = h1_point(h);
                assert(r == 0); /* it was in order before */
        }
        if (h->body_at) {
                r = buf_append(&h->body, h->body_at, h->body_len);
                if (r < 0)
                        return r;
                h->body_at = NULL;
        }
        if (h->state == H1_DONE)
                body_finish(h);
        return 0;
}

void h1_discard(H1 *h)
{
        h->discard = true;
        h->body_at = NULL;
        buf_clear(&h->body);
}

bool h1_begun(const H1 *h)
{
        return h->taken > 0;
}

HttpRequest *h1_request(H1 *h)
{
        return &h->request;
}

Span h1_verb(const H1 *h)
{
        Span before = span_from(h->head_at, h->target.at);
        return span_first(before, span_find(before, ' '));
}

const H1Refusal *h1_refusal(const H1 *h)
{
        return &h->refusal;
}
