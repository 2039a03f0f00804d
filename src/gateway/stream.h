#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a session hears beside the answers to its requests: its GET streams.
 * Each message goes to exactly one of them, with an id under which it can be
 * asked for again. A stream hangs on its session and its connection; the end
 * of either is its own.
 */

#include "gateway/client.h"

struct Stream {
        TAILQ_ENTRY(Stream) link;
        Session *session; /* borrowed: the parent */
        Client *client;   /* borrowed */
        uint32_t number;
};

/* Answers a GET: opens a stream, or takes up the one that Last-Event-ID names. */
int stream_open(Client *c, Session *s, Span last_event_id) MUST_CHECK;
/* The connection has gone. */
void stream_cut(Stream *st);
/* Ends it for the client, too. */
int stream_end(Stream *st) MUST_CHECK;

/* A message for the session, on one of its streams. False in `ret_taken`: there is none. */
int session_push(Session *s, const Span *parts, unsigned n, bool *ret_taken) MUST_CHECK;
/* A list has changed: told now, or when a stream opens. */
void session_tell_changed(Session *s, unsigned lists);
