/* SPDX-License-Identifier: Apache-2.0 */
#include "base/log.h"
#include "ipc/message.h"

enum {
        WORDS_OF_OTHERS = 32,  /* states and classes: their layer knows how many there are */
        FENCES_OF_OTHERS = 16, /* likewise */
        CODE_MAX = 255,
        SIGNAL_MAX = 64,
};

/* ---- what each field may hold --------------------------------------------- */

/* clang-format off */
/*         field, what it is, its bound; all fields of a struct, in its order */
#define FIELDS_IpcPlain(F, s)
#define FIELDS_IpcHello(F, s)                                                                                \
        F(s, build_id, NAME, 0) F(s, max_servers, ANY, 0) F(s, log_level, BELOW, _LOG_LEVEL_MAX)             \
        F(s, log_style, BELOW, _LOG_CHOICE_MAX) F(s, log_journal, BELOW, 2) F(s, ping_every, ANY, 0) \
        F(s, no_first_look, BELOW, 2) F(s, pipe_quiet, ANY, 0)
#define FIELDS_IpcUp(F, s)                                                                                   \
        F(s, build_id, NAME, 0) F(s, missing, BELOW, 1U << FENCES_OF_OTHERS) F(s, reserved, BELOW, 1)
#define FIELDS_IpcServerRow(F, s)                                                                            \
        F(s, generation, ANY, 0) F(s, row_generation, ANY, 0) F(s, row, ANY, 0) F(s, index, ANY, 0)
#define FIELDS_IpcConfig(F, s)                                                                               \
        F(s, generation, ANY, 0)
#define FIELDS_IpcListener(F, s)                                                                             \
        F(s, index, ANY, 0) F(s, kind, BELOW, _IPC_LISTENER_MAX)                                             \
        F(s, flags, BELOW, IPC_LISTENER_NO_AUTH * 2) F(s, reserved, BELOW, 1)
#define FIELDS_IpcCatalogue(F, s)                                                                            \
        F(s, row, ANY, 0) F(s, reserved, BELOW, 1) F(s, row_generation, ANY, 0) F(s, launch, ANY, 0)
#define FIELDS_IpcInstance(F, s)                                                                             \
        F(s, row, ANY, 0) F(s, instance, ANY, 0) F(s, generation, ANY, 0)
#define FIELDS_IpcInstanceUp(F, s)                                                                           \
        F(s, row, ANY, 0) F(s, instance, ANY, 0) F(s, generation, ANY, 0) F(s, session, ANY, 0)              \
        F(s, flags, BELOW, IPC_INSTANCE_READY_BEFORE * 2) F(s, reserved, BELOW, 1)
#define FIELDS_IpcInstanceDown(F, s)                                                                         \
        F(s, row, ANY, 0) F(s, instance, ANY, 0) F(s, generation, ANY, 0)                                    \
        F(s, exit_class, BELOW, WORDS_OF_OTHERS) F(s, code, CODE, 0) F(s, signal, SIGNAL, 0)                 \
        F(s, reserved, BELOW, 1)
#define FIELDS_IpcServerState(F, s)                                                                          \
        F(s, row, ANY, 0) F(s, state, BELOW, WORDS_OF_OTHERS) F(s, row_generation, ANY, 0)                   \
        F(s, breaker, BELOW, WORDS_OF_OTHERS) F(s, goal, BELOW, WORDS_OF_OTHERS)                             \
        F(s, retry_after_ms, ANY, 0) F(s, exit_class, BELOW_OR_NONE, WORDS_OF_OTHERS)                        \
        F(s, code, CODE, 0) F(s, signal, SIGNAL, 0) F(s, reserved, BELOW, 1)
#define FIELDS_IpcWantRefused(F, s)                                                                          \
        F(s, row, ANY, 0) F(s, answer, BELOW, _IPC_WANT_MAX) F(s, session, ANY, 0)                           \
        F(s, retry_after_ms, ANY, 0)
#define FIELDS_IpcInstanceReady(F, s)                                                                        \
        F(s, row, ANY, 0) F(s, instance, ANY, 0) F(s, generation, ANY, 0) F(s, era, BELOW, _IPC_ERA_MAX)     \
        F(s, protocol, NAME, 0)
#define FIELDS_IpcInstanceFailed(F, s)                                                                       \
        F(s, row, ANY, 0) F(s, instance, ANY, 0) F(s, generation, ANY, 0)                                    \
        F(s, failure, BELOW, _IPC_FAILURE_MAX) F(s, reserved, BELOW, 1)
#define FIELDS_IpcWant(F, s)                                                                                 \
        F(s, row, ANY, 0) F(s, reserved, BELOW, 1) F(s, row_generation, ANY, 0) F(s, session, ANY, 0)
#define FIELDS_IpcRelease(F, s)                                                                              \
        F(s, row, ANY, 0) F(s, instance, ANY, 0) F(s, generation, ANY, 0)                                    \
        F(s, reason, BELOW, _IPC_RELEASE_MAX) F(s, in_flight, ANY, 0)
#define FIELDS_IpcPing(F, s)                                                                                 \
        F(s, serial, ANY, 0)
#define FIELDS_IpcProxyHello(F, s)                                                                           \
        F(s, build_id, NAME, 0) F(s, log_level, BELOW, _LOG_LEVEL_MAX)                                       \
        F(s, log_style, BELOW, _LOG_CHOICE_MAX) F(s, log_journal, BELOW, 2) F(s, reserved, BELOW, 1)
#define FIELDS_IpcProxyCounts(F, s)                                                                          \
        F(s, row, ANY, 0) F(s, instance, ANY, 0) F(s, generation, ANY, 0) F(s, allowed, ANY, 0)              \
        F(s, refused, ANY, 0) F(s, failed, ANY, 0) F(s, bytes_up, ANY, 0) F(s, bytes_down, ANY, 0)           \
        F(s, open, ANY, 0) F(s, reserved, BELOW, 1)

#define STRUCTS(S)                                                                                           \
        S(IpcPlain) S(IpcHello) S(IpcUp) S(IpcServerRow) S(IpcConfig) S(IpcListener) S(IpcCatalogue)            \
        S(IpcInstance) S(IpcInstanceUp) S(IpcInstanceDown) S(IpcServerState) S(IpcWantRefused)               \
        S(IpcInstanceReady) S(IpcInstanceFailed) S(IpcWant) S(IpcRelease) S(IpcPing) S(IpcProxyHello) S(IpcProxyCounts)
/* clang-format on */

typedef enum FieldKind {
        FIELD_ANY,           /* a number, or one that the receiver looks up */
        FIELD_BELOW,         /* uint32_t below the bound */
        FIELD_BELOW_OR_NONE, /* the same, or UINT32_MAX */
        FIELD_CODE,          /* int32_t: an exit status, or -1 */
        FIELD_SIGNAL,        /* int32_t: a signal, or 0 */
        FIELD_NAME,          /* printable ASCII, then at least one NUL to the end */
} FieldKind;

typedef struct Field {
        size_t offset, size;
        FieldKind kind;
        uint32_t bound;
} Field;

/* No holes: what is not a field would travel unchecked, and uninitialised. */
#define SUM(s, field, kind, bound) +sizeof(((s *)NULL)->field)
#define S(s)                       static_assert(sizeof(IpcHeader) FIELDS_##s(SUM, s) == sizeof(s), #s " has a hole");
STRUCTS(S)
#undef S

#define ROW(s, field, kind, bound) {offsetof(s, field), sizeof(((s *)NULL)->field), FIELD_##kind, (bound)},
#define S(s)                                \
        static const Field fields_##s[] = { \
                FIELDS_##s(ROW, s) /* */    \
        };
STRUCTS(S)
#undef S

/* ---- the types ------------------------------------------------------------- */

typedef struct Type {
        IpcTypeRow row;
        const Field *fields;
        size_t n_fields;
} Type;

static const Type types[_IPC_TYPE_MAX] = {
#define M(id, type, to, min, max, text)              \
        [IPC_##id] = {.row = {.name = #id,           \
                              .size = sizeof(type),  \
                              .text_max = (text),    \
                              .direction = IPC_##to, \
                              .fds_min = (min),      \
                              .fds_max = (max)},     \
                      .fields = fields_##type,       \
                      .n_fields = ARRAY_SIZE(fields_##type)},
        IPC_MESSAGES(M)
#undef M
};

#define M(id, type, to, min, max, text)                                     \
        static_assert((text) <= IPC_TEXT_MAX && (max) <= IPC_FDS_MAX, #id); \
        static_assert(offsetof(type, header) == 0, #id);
IPC_MESSAGES(M)
#undef M

static const Type *find_type(uint32_t type)
{
        return type > IPC_NONE && type < _IPC_TYPE_MAX ? &types[type] : NULL;
}

const IpcTypeRow *ipc_type(uint32_t type)
{
        const Type *t = find_type(type);
        return t ? &t->row : NULL;
}

/* ---- checks ---------------------------------------------------------------- */

static uint32_t word_at(const char *bytes)
{
        uint32_t word;
        memcpy(&word, bytes, sizeof(word));
        return word;
}

static bool is_any(const char *bytes UNUSED, const Field *f UNUSED)
{
        return true;
}

static bool is_below(const char *bytes, const Field *f)
{
        return word_at(bytes) < f->bound;
}

static bool is_below_or_none(const char *bytes, const Field *f)
{
        return is_below(bytes, f) || word_at(bytes) == UINT32_MAX;
}

static bool is_code(const char *bytes, const Field *f UNUSED)
{
        int32_t code = (int32_t)word_at(bytes);
        return code >= -1 && code <= CODE_MAX;
}

static bool is_signal(const char *bytes, const Field *f UNUSED)
{
        return word_at(bytes) <= SIGNAL_MAX;
}

static bool is_name(const char *bytes, const Field *f)
{
        size_t len = strnlen(bytes, f->size);
        if (len == f->size)
                return false;
        for (size_t i = 0; i < f->size; i++)
                if (i < len ? bytes[i] < 0x20 || bytes[i] > 0x7e : bytes[i] != '\0')
                        return false;
        return true;
}

static bool (*const checks[])(const char *bytes, const Field *f) = {
        [FIELD_ANY] = is_any,   [FIELD_BELOW] = is_below,   [FIELD_BELOW_OR_NONE] = is_below_or_none,
        [FIELD_CODE] = is_code, [FIELD_SIGNAL] = is_signal, [FIELD_NAME] = is_name,
};

bool ipc_message_valid(Span bytes, size_t n_fds, IpcDirection direction)
{
        IpcHeader header;
        if (bytes.len < sizeof(header))
                return false;
        memcpy(&header, bytes.ptr, sizeof(header));
        const Type *t = find_type(header.type);
        if (!t || t->row.direction != direction || header.length != bytes.len)
                return false;
        if (bytes.len < t->row.size || bytes.len > t->row.size + t->row.text_max)
                return false;
        if (n_fds < t->row.fds_min || n_fds > t->row.fds_max)
                return false;
        for (size_t i = 0; i < t->n_fields; i++)
                if (!checks[t->fields[i].kind](bytes.ptr + t->fields[i].offset, &t->fields[i]))
                        return false;
        Span text = span_skip(bytes, t->row.size);
        return span_find(text, '\0') == text.len;
}

Span ipc_message_text(const IpcHeader *m)
{
        const IpcTypeRow *row = ipc_type(m->type);
        assert(row && m->length >= row->size);
        return span_from((const char *)m + row->size, m->length - row->size);
}
