/* SPDX-License-Identifier: Apache-2.0 */
#include "demo/server.h"

#define PROMPT   "greet"
#define TEMPLATE "demo://text/{name}"

/* What `name` is completed to. */
static const char *const names[] = {"Ada", "Alan", "Barbara", "Dennis", "Edsger", "Grace", "Ken", "Margaret"};

enum { LONGEST_NAME = 1024 };

static int refuse(Demo *d, const Envelope *e, const char *why)
{
        return demo_refuse(d, envelope_member(e, MEMBER_ID), RPC_ERROR_INVALID_PARAMS, why);
}

int demo_prompts_list(Demo *d, const Envelope *e)
{
        JsonWriter w = demo_result(d, envelope_member(e, MEMBER_ID));
        json_write_key(&w, "prompts");
        json_write_raw(&w, SPAN("[{\"name\":\"" PROMPT "\",\"description\":\"Asks for a greeting.\","
                                "\"arguments\":[{\"name\":\"name\",\"description\":\"Who is greeted.\","
                                "\"required\":true}]}]"));
        return demo_end(&w);
}

static int append_greeting(Buf *b, Span name)
{
        int r = buf_append_str(b, "Please greet ");
        if (r == 0)
                r = jspan_text_append(name, b);
        return r < 0 ? r : buf_append_str(b, " in a friendly way.");
}

int demo_prompts_get(Demo *d, const Envelope *e)
{
        CLEANUP(buf_done) Buf text = BUF_INIT(BUF_CAP_NONE);
        Span name = jspan_member(envelope_member(e, MEMBER_ARGUMENTS), "name");
        if (!jspan_is(envelope_member(e, MEMBER_NAME), PROMPT))
                return refuse(d, e, "there is no such prompt");
        if (jspan_type(name) != JSPAN_STRING)
                return refuse(d, e, "the argument `name` is missing");
        int r = append_greeting(&text, name);
        if (r < 0)
                return r;
        JsonWriter w = demo_result(d, envelope_member(e, MEMBER_ID));
        json_write_key(&w, "description");
        json_write_str(&w, "Asks for a greeting.");
        json_write_key(&w, "messages");
        json_write_array(&w);
        json_write_object(&w);
        json_write_key(&w, "role");
        json_write_str(&w, "user");
        json_write_key(&w, "content");
        json_write_object(&w);
        json_write_key(&w, "type");
        json_write_str(&w, "text");
        json_write_key(&w, "text");
        json_write_string(&w, buf_span(&text));
        json_write_object_end(&w);
        json_write_object_end(&w);
        json_write_array_end(&w);
        return demo_end(&w);
}

/* ---- completion ----------------------------------------------------------------- */

static bool is_known(Span ref)
{
        Span type = jspan_member(ref, "type");
        return (jspan_is(type, "ref/prompt") && jspan_is(jspan_member(ref, "name"), PROMPT)) ||
               (jspan_is(type, "ref/resource") && jspan_is(jspan_member(ref, "uri"), TEMPLATE));
}

int demo_complete(Demo *d, const Envelope *e)
{
        char room[LONGEST_NAME];
        Span begun, argument = jspan_member(envelope_member(e, MEMBER_PARAMS), "argument");
        unsigned n = 0;
        if (!is_known(envelope_member(e, MEMBER_REF)))
                return refuse(d, e, "ref names no prompt and no template of this server");
        if (jspan_type(jspan_member(argument, "name")) != JSPAN_STRING ||
            !jspan_text(jspan_member(argument, "value"), room, sizeof(room), &begun))
                return refuse(d, e, "argument wants texts `name` and `value`");
        JsonWriter w = demo_result(d, envelope_member(e, MEMBER_ID));
        json_write_key(&w, "completion");
        json_write_object(&w);
        json_write_key(&w, "values");
        json_write_array(&w);
        for (size_t i = 0; jspan_is(jspan_member(argument, "name"), "name") && i < ARRAY_SIZE(names); i++)
                if (span_starts(span_of(names[i]), begun)) {
                        json_write_str(&w, names[i]);
                        n++;
                }
        json_write_array_end(&w);
        json_write_key(&w, "total");
        json_write_uint(&w, n);
        json_write_key(&w, "hasMore");
        json_write_bool(&w, false);
        json_write_object_end(&w);
        return demo_end(&w);
}
