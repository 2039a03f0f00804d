/* SPDX-License-Identifier: Apache-2.0 */
#include "config.h"

#include <jansson.h>

#include "gateway/handshake.h"

#define LATEST "2025-11-25"

enum { REQUEST_ID = 1, SHOWN_MAX = 300 };

static const char *const versions[] = {LATEST, "2025-06-18", "2025-03-26", "2024-11-05"};

void handshake_answer_done(HandshakeAnswer *a)
{
        buf_done(&a->result);
        buf_done(&a->why);
}

int handshake_request(Buf *b)
{
        return buf_appendf(b,
                           "{\"jsonrpc\":\"2.0\",\"id\":%d,\"method\":\"initialize\",\"params\":{"
                           "\"protocolVersion\":\"" LATEST "\",\"capabilities\":{},"
                           "\"clientInfo\":{\"name\":\"mcpvisor\",\"version\":\"" PACKAGE_VERSION "\"}}}\n",
                           REQUEST_ID);
}

int handshake_initialized(Buf *b)
{
        return buf_append_str(b, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n");
}

static bool is_spoken(const char *version)
{
        for (size_t i = 0; i < ARRAY_SIZE(versions); i++)
                if (strcmp(versions[i], version) == 0)
                        return true;
        return false;
}

static int refuse_error(const json_t *error, HandshakeAnswer *ret)
{
        const char *message = json_string_value(json_object_get(error, "message"));
        const json_t *code = json_object_get(error, "code");
        int r = buf_appendf(&ret->why, "answered initialize with error %lld: %.*s",
                            (long long)json_integer_value(code), SHOWN_MAX,
                            message ? message : "(no message)");
        return r < 0 ? r : HANDSHAKE_E_REFUSED;
}

static int take_result(const json_t *result, HandshakeAnswer *ret)
{
        const char *version = json_string_value(json_object_get(result, "protocolVersion"));
        int r;
        if (!version || !is_spoken(version)) {
                r = buf_appendf(&ret->why,
                                "answered initialize with protocol version %.*s, which is none of ours",
                                SHOWN_MAX, version ? version : "(none)");
                return r < 0 ? r : HANDSHAKE_E_REFUSED;
        }
        CLEANUP_FREE char *text = json_dumps(result, JSON_COMPACT);
        if (!text)
                return -ENOMEM;
        r = buf_append_str(&ret->result, text);
        if (r < 0)
                return r;
        (void)snprintf(ret->protocol, sizeof(ret->protocol), "%s", version);
        return HANDSHAKE_E_DONE;
}

static int judge(const json_t *message, HandshakeAnswer *ret)
{
        const json_t *id = json_object_get(message, "id"), *error = json_object_get(message, "error"),
                     *result = json_object_get(message, "result");
        if (!json_is_object(message))
                return HANDSHAKE_E_STRAY;
        if (error && (!id || json_is_null(id) || json_integer_value(id) == REQUEST_ID))
                return refuse_error(error, ret);
        if (!result || json_integer_value(id) != REQUEST_ID)
                return HANDSHAKE_E_OTHER;
        return take_result(result, ret);
}

int handshake_read(Span line, HandshakeAnswer *ret)
{
        json_error_t error;
        line = span_trim(line);
        if (line.len == 0 || line.ptr[0] != '{')
                return HANDSHAKE_E_STRAY;
        json_t *message = json_loadb(line.ptr, line.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error);
        if (!message)
                return json_error_code(&error) == json_error_out_of_memory ? -ENOMEM : HANDSHAKE_E_STRAY;
        int r = judge(message, ret);
        json_decref(message);
        return r;
}

bool handshake_protocol_of(Span result, char ret[static HANDSHAKE_PROTOCOL])
{
        json_t *object = json_loadb(result.ptr, result.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
        const char *version = json_string_value(json_object_get(object, "protocolVersion"));
        bool known = version && is_spoken(version);
        if (known)
                (void)snprintf(ret, HANDSHAKE_PROTOCOL, "%s", version);
        json_decref(object);
        return known;
}
