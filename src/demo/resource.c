/* SPDX-License-Identifier: Apache-2.0 */
#include "demo/server.h"

#define TEMPLATE "demo://text/"

enum { LONGEST_URI = 1024 };

typedef struct Resource {
        const char *uri, *name, *description;
        void (*write)(JsonWriter *w, const Demo *d); /* its text */
} Resource;

static void write_readme(JsonWriter *w, const Demo *d UNUSED)
{
        json_write_str(w, "The demo server of mcpvisor.\n\n"
                          "It is built in, so that there is always something real to run.\n");
}

static void write_counter(JsonWriter *w, const Demo *d)
{
        char text[24];
        (void)snprintf(text, sizeof(text), "%llu", (unsigned long long)d->counter);
        json_write_str(w, text);
}

enum { README, COUNTER };

static const Resource resources[] = {
        [README] = {"demo://readme", "readme", "What this server is.", write_readme},
        [COUNTER] = {"demo://counter", "counter", "How often `add` was called.", write_counter},
};

static const Resource *find(Span uri)
{
        for (size_t i = 0; i < ARRAY_SIZE(resources); i++)
                if (jspan_is(uri, resources[i].uri))
                        return &resources[i];
        return NULL;
}

static int refuse(Demo *d, const Envelope *e)
{
        bool given = jspan_type(envelope_member(e, MEMBER_URI)) == JSPAN_STRING;
        return demo_refuse(d, envelope_member(e, MEMBER_ID),
                           given ? RPC_ERROR_RESOURCE_NOT_FOUND : RPC_ERROR_INVALID_PARAMS,
                           given ? NULL : "uri is missing");
}

static void write_resource(JsonWriter *w, const Resource *r)
{
        json_write_object(w);
        json_write_key(w, "uri");
        json_write_str(w, r->uri);
        json_write_key(w, "name");
        json_write_str(w, r->name);
        json_write_key(w, "description");
        json_write_str(w, r->description);
        json_write_key(w, "mimeType");
        json_write_str(w, "text/plain");
        json_write_object_end(w);
}

int demo_resources_list(Demo *d, const Envelope *e)
{
        JsonWriter w = demo_result(d, envelope_member(e, MEMBER_ID));
        json_write_key(&w, "resources");
        json_write_array(&w);
        for (size_t i = 0; i < ARRAY_SIZE(resources); i++)
                write_resource(&w, &resources[i]);
        json_write_array_end(&w);
        return demo_end(&w);
}

int demo_templates_list(Demo *d, const Envelope *e)
{
        JsonWriter w = demo_result(d, envelope_member(e, MEMBER_ID));
        json_write_key(&w, "resourceTemplates");
        json_write_raw(&w, SPAN("[{\"uriTemplate\":\"" TEMPLATE "{name}\",\"name\":\"text\","
                                "\"description\":\"A text with a name in it.\","
                                "\"mimeType\":\"text/plain\"}]"));
        return demo_end(&w);
}

/* ---- read ------------------------------------------------------------------- */

static JsonWriter begin_contents(Demo *d, const Envelope *e)
{
        JsonWriter w = demo_result(d, envelope_member(e, MEMBER_ID));
        json_write_key(&w, "contents");
        json_write_array(&w);
        json_write_object(&w);
        json_write_key(&w, "uri");
        json_write_raw(&w, envelope_member(e, MEMBER_URI));
        json_write_key(&w, "mimeType");
        json_write_str(&w, "text/plain");
        json_write_key(&w, "text");
        return w;
}

static int end_contents(JsonWriter *w)
{
        json_write_object_end(w);
        json_write_array_end(w);
        return demo_end(w);
}

static int read_template(Demo *d, const Envelope *e)
{
        char room[LONGEST_URI], text[LONGEST_URI + 64];
        Span uri;
        if (!jspan_text(envelope_member(e, MEMBER_URI), room, sizeof(room), &uri) || uri.len > LONGEST_URI ||
            !span_starts(uri, SPAN(TEMPLATE)))
                return refuse(d, e);
        Span name = span_skip(uri, strlen(TEMPLATE));
        if (name.len == 0 || span_find(name, '/') < name.len)
                return refuse(d, e);
        int n = snprintf(text, sizeof(text), "This is the text called %.*s.", (int)name.len, name.ptr);
        JsonWriter w = begin_contents(d, e);
        json_write_string(&w, span_from(text, (size_t)n));
        return end_contents(&w);
}

int demo_resources_read(Demo *d, const Envelope *e)
{
        const Resource *r = find(envelope_member(e, MEMBER_URI));
        if (!r)
                return read_template(d, e);
        JsonWriter w = begin_contents(d, e);
        r->write(&w, d);
        return end_contents(&w);
}

/* ---- subscriptions ------------------------------------------------------------ */

static int set_subscribed(Demo *d, const Envelope *e, bool on)
{
        const Resource *r = find(envelope_member(e, MEMBER_URI));
        if (!r)
                return refuse(d, e);
        if (r == &resources[COUNTER]) /* the other one never changes */
                d->subscribed = on;
        JsonWriter w = demo_result(d, envelope_member(e, MEMBER_ID));
        return demo_end(&w);
}

int demo_subscribe(Demo *d, const Envelope *e)
{
        return set_subscribed(d, e, true);
}

int demo_unsubscribe(Demo *d, const Envelope *e)
{
        return set_subscribed(d, e, false);
}

int demo_counter_changed(Demo *d)
{
        d->counter++;
        if (!d->subscribed)
                return 0;
        JsonWriter w = demo_notification(d, MCP_METHOD_RESOURCE_UPDATED);
        json_write_key(&w, "uri");
        json_write_str(&w, resources[COUNTER].uri);
        return demo_end(&w);
}
