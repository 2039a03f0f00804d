/* SPDX-License-Identifier: Apache-2.0 */
#include "jsonrpc/envelope.h"

#include "base/limit-table.h"
#include "jsonrpc/json.h"
#include "jsonrpc/member-index.h"
#include "jsonrpc/scan.h"

typedef struct Look {
        Scan scan;
        Envelope *e;
        const char *many; /* the first member that is one too many; NULL: none */
} Look;

/* The names of one object that are no rows, to find those that come twice. */
typedef struct Names {
        Span others[LIMIT_MESSAGE_MEMBERS];
        unsigned n_others, n;
} Names;

/* Where what a member means depends on its name alone: two readers must see the same members. */
static const bool strict[_ENVELOPE_PLACE_MAX] = {
        [ENVELOPE_MESSAGE] = true,
        [ENVELOPE_PARAMS] = true,
        [ENVELOPE_META] = true,
};

/* The members whose members are looked at; no place is inside itself, so the way down is short. */
static const EnvelopePlace inner[_MEMBER_MAX] = {
        [MEMBER_PARAMS] = ENVELOPE_PARAMS,
        [MEMBER_META] = ENVELOPE_META,
        [MEMBER_RESULT] = ENVELOPE_RESULT_OBJECT,
        [MEMBER_ERROR] = ENVELOPE_ERROR_OBJECT,
};

static_assert(ENVELOPE_MESSAGE == 0, "no member is a message, so 0 in the table above is none");

#define IN_MESSAGE ""
#define IN_PARAMS  "params."
#define IN_META    "params._meta."
#define IN_RESULT  "result."
#define IN_ERROR   "error."

static const char *const twice[_MEMBER_MAX] = {
#define M(id, place, name) "the member \"" IN_##place name "\" comes twice",
        ENVELOPE_MEMBERS(M)
#undef M
};

/* ---- the members ---------------------------------------------------------- */

/* Whether the name, which is no row, was there before; if not, it is from now on. */
static bool is_known(Names *names, Span name)
{
        for (unsigned i = 0; i < names->n_others; i++)
                if (names->others[i].len == name.len && memcmp(names->others[i].ptr, name.ptr, name.len) == 0)
                        return true;
        names->others[names->n_others++] = name;
        return false;
}

/* Why the member may not stand there, or NULL. */
static const char *name_fault(Look *l, Names *names, Span name, EnvelopeMember m)
{
        if (l->scan.escaped)
                return "the name of a member of the message, of params or of _meta is written with escapes";
        if (m < _MEMBER_MAX && envelope_has(l->e, m))
                return twice[m];
        if (names->n == LIMIT_MESSAGE_MEMBERS) {
                l->many = l->many ? l->many : name.ptr - 1;
                return NULL; /* refused for that, once all of it was read */
        }
        names->n++;
        return m == _MEMBER_MAX && is_known(names, name) ? "a member comes twice" : NULL;
}

static const char *look_object(Look *l, const char *p, EnvelopePlace place);

/* From a member's name to behind its value. */
static const char *look_member(Look *l, const char *p, EnvelopePlace place, Names *names)
{
        Scan *s = &l->scan;
        Span name;
        s->escaped = false;
        const char *value = scan_name(s, p, &name);
        if (!value)
                return NULL;
        EnvelopeMember m = member_find(place, name);
        const char *fault = strict[place] ? name_fault(l, names, name, m) : NULL;
        if (fault)
                return scan_fail(s, p, fault);
        if (m < _MEMBER_MAX && inner[m] && scan_peek(s, value) == '{')
                p = look_object(l, value, inner[m]);
        else
                p = scan_value(s, value);
        if (p && m < _MEMBER_MAX && !envelope_has(l->e, m))
                l->e->members[m] = span_from(value, (size_t)(p - value));
        return p;
}

/* At the opening brace; to behind the closing one. */
static const char *look_object(Look *l, const char *p, EnvelopePlace place)
{
        Scan *s = &l->scan;
        Names names;
        names.n = names.n_others = 0;
        if (s->depth == 0)
                return scan_fail(s, p, SCAN_TOO_DEEP);
        s->depth--;
        p = scan_blank(s, p + 1);
        bool more = scan_peek(s, p) != '}';
        while (more) {
                p = look_member(l, p, place, &names);
                if (!p)
                        return NULL;
                p = scan_blank(s, p);
                more = scan_peek(s, p) == ',';
                if (more)
                        p = scan_blank(s, p + 1);
                else if (scan_peek(s, p) != '}')
                        return scan_expected(s, p, SCAN_IN_OBJECT);
        }
        s->depth++;
        return p + 1;
}

/* ---- the rules of a message ----------------------------------------------- */

/* What is wrong with a message: NULL, or a text, and where in *at if that is not its beginning. */
typedef const char *Rule(const Envelope *e, const char **at);

static bool is_integer(Span value)
{
        if (jspan_type(value) != JSPAN_NUMBER)
                return false;
        for (size_t i = 0; i < value.len; i++)
                if (value.ptr[i] == '.' || (value.ptr[i] | 0x20) == 'e')
                        return false;
        return true;
}

static JspanType type_of(const Envelope *e, EnvelopeMember m)
{
        return jspan_type(envelope_member(e, m));
}

static const char *fault_at(const Envelope *e, EnvelopeMember m, const char **at, const char *why)
{
        if (envelope_has(e, m))
                *at = envelope_member(e, m).ptr;
        return why;
}

static const char *version_fault(const Envelope *e, const char **at)
{
        if (!envelope_has(e, MEMBER_JSONRPC))
                return "the member \"jsonrpc\" is missing";
        Span version = envelope_member(e, MEMBER_JSONRPC);
        if (!span_equal(version, SPAN("\"2.0\"")) && !jspan_is(version, "2.0"))
                return fault_at(e, MEMBER_JSONRPC, at, "\"jsonrpc\" must be \"2.0\"");
        return NULL;
}

/* A request or a notification; an id that is there is a legal one. */
static const char *call_fault(const Envelope *e, const char **at)
{
        if (envelope_has(e, MEMBER_RESULT))
                return fault_at(e, MEMBER_RESULT, at, "\"method\" and \"result\" do not go together");
        if (envelope_has(e, MEMBER_ERROR))
                return fault_at(e, MEMBER_ERROR, at, "\"method\" and \"error\" do not go together");
        if (type_of(e, MEMBER_METHOD) != JSPAN_STRING)
                return fault_at(e, MEMBER_METHOD, at, "\"method\" must be a string");
        if (envelope_has(e, MEMBER_PARAMS) && type_of(e, MEMBER_PARAMS) != JSPAN_OBJECT)
                return fault_at(e, MEMBER_PARAMS, at, "\"params\" must be an object");
        return NULL;
}

static const char *error_fault(const Envelope *e, const char **at)
{
        if (type_of(e, MEMBER_ERROR) != JSPAN_OBJECT)
                return fault_at(e, MEMBER_ERROR, at, "\"error\" must be an object");
        *at = envelope_member(e, MEMBER_ERROR).ptr;
        if (!is_integer(envelope_member(e, MEMBER_ERROR_CODE)))
                return fault_at(e, MEMBER_ERROR_CODE, at, "\"error.code\" must be there and an integer");
        if (type_of(e, MEMBER_ERROR_MESSAGE) != JSPAN_STRING)
                return fault_at(e, MEMBER_ERROR_MESSAGE, at, "\"error.message\" must be there and a string");
        return NULL;
}

static const char *answer_fault(const Envelope *e, const char **at)
{
        if (!envelope_has(e, MEMBER_RESULT) && !envelope_has(e, MEMBER_ERROR))
                return "one of \"method\", \"result\" and \"error\" must be there";
        if (!envelope_has(e, MEMBER_RESULT))
                return error_fault(e, at);
        if (envelope_has(e, MEMBER_ERROR))
                return fault_at(e, MEMBER_ERROR, at, "\"result\" and \"error\" do not go together");
        if (!envelope_has(e, MEMBER_ID))
                return "a result needs an id";
        return NULL;
}

/* An id that may not be one is taken out, so that nobody answers with it. */
static const char *id_fault(Envelope *e, uint32_t longest, const char **at)
{
        Span id = envelope_member(e, MEMBER_ID);
        const char *why = NULL;
        if (!id.ptr)
                return NULL;
        if (jspan_type(id) == JSPAN_NULL && envelope_has(e, MEMBER_ERROR) &&
            !envelope_has(e, MEMBER_METHOD) && !envelope_has(e, MEMBER_RESULT))
                why = NULL; /* an error that answers what could not be read */
        else if (jspan_type(id) != JSPAN_STRING && !is_integer(id))
                why = fault_at(e, MEMBER_ID, at,
                               "the id must be a string, or an integer without fraction and exponent");
        else if (id.len > longest)
                why = fault_at(e, MEMBER_ID, at, ENVELOPE_ID_TOO_LONG);
        else
                return NULL;
        e->members[MEMBER_ID] = SPAN_NONE;
        return why;
}

static EnvelopeKind kind_of(const Envelope *e)
{
        if (envelope_has(e, MEMBER_METHOD))
                return envelope_has(e, MEMBER_ID) ? ENVELOPE_REQUEST : ENVELOPE_NOTIFICATION;
        return envelope_has(e, MEMBER_RESULT) ? ENVELOPE_RESULT : ENVELOPE_ERROR;
}

/* Of an object that is valid JSON. */
static const char *message_fault(Look *l, uint32_t longest_id, const char **at)
{
        Envelope *e = l->e;
        const char *id_why = id_fault(e, longest_id, at), *why;
        if (l->many) {
                *at = l->many;
                return "more members in the message, in params or in _meta than are compared";
        }
        if (id_why)
                return id_why;
        why = version_fault(e, at);
        if (why)
                return why;
        why = envelope_has(e, MEMBER_METHOD) ? call_fault(e, at) : answer_fault(e, at);
        if (!why)
                e->kind = kind_of(e);
        return why;
}

/* ---- the scan ------------------------------------------------------------- */

static int refuse(Look *l, int code, const char *at, const char *why)
{
        if (code == ENVELOPE_E_SYNTAX) /* what was noted so far may not be what the sender meant */
                *l->e = (Envelope){0};
        l->e->why = why;
        l->e->at = (size_t)(at - l->scan.begin);
        return code;
}

/* The one value that the text is, and nothing behind it. */
static const char *look_text(Look *l, const char *from)
{
        Scan *s = &l->scan;
        const char *end = scan_peek(s, from) == '{' ? look_object(l, from, ENVELOPE_MESSAGE)
                                                    : scan_value(s, from);
        if (!end)
                return NULL;
        const char *rest = scan_blank(s, end);
        return rest == s->end ? end : scan_fail(s, rest, "something follows the message");
}

int envelope_scan(char *bytes, size_t n, const EnvelopeLimits *limits, Envelope *ret)
{
        Look l = {.scan = scan_of(span_from(bytes, n), limits->depth), .e = ret};
        const char *from, *end, *at, *why;
        explicit_bzero(ret, sizeof(*ret)); /* a call: what compilers put here for {0} takes twice as long */
        l.scan.writable = bytes;
        from = at = scan_blank(&l.scan, l.scan.begin);
        end = look_text(&l, from);
        if (!end && span_starts(span_from(bytes, n), SPAN("\xef\xbb\xbf")))
                return refuse(&l, ENVELOPE_E_SYNTAX, l.scan.begin, "the text begins with a byte order mark");
        if (!end)
                return refuse(&l, ENVELOPE_E_SYNTAX, l.scan.at, l.scan.why);
        ret->text = span_from(from, (size_t)(end - from));
        if (*from == '[')
                return refuse(&l, ENVELOPE_E_BATCH, from, "an array of messages");
        if (*from != '{')
                return refuse(&l, ENVELOPE_E_INVALID, from, "a message must be an object");
        why = message_fault(&l, limits->id, &at);
        return why ? refuse(&l, ENVELOPE_E_INVALID, at, why) : 0;
}

bool envelope_peek_id(Span first, Span *ret_id)
{
        Scan s = scan_of(first, LIMIT_JSON_DEPTH);
        const char *p = scan_blank(&s, s.begin), *value;
        Span name, id;
        for (bool more = scan_peek(&s, p) == '{'; more; more = scan_peek(&s, p) == ',') {
                value = scan_name(&s, scan_blank(&s, p + 1), &name);
                p = value ? scan_value(&s, value) : NULL;
                if (!p)
                        return false;
                if (member_find(ENVELOPE_MESSAGE, name) == MEMBER_ID) {
                        id = span_from(value, (size_t)(p - value));
                        if (jspan_type(id) != JSPAN_STRING && (!is_integer(id) || p == s.end))
                                return false; /* the number may go on behind the end */
                        *ret_id = id;
                        return true;
                }
                p = scan_blank(&s, p);
        }
        return false;
}
