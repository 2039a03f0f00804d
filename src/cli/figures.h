#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Figures and foreign text as people read them: ages, sizes, moments, and
 * text that comes from servers, made harmless for a terminal. Appends to a
 * Buf; knows no command.
 */

#include "base/buf.h"

/* The two largest units: 45s, 13m5s, 2h13m, 3d4h. */
int figure_age(Buf *b, double seconds) MUST_CHECK;
/* 512, 12K, 68M, 1.5G. */
int figure_bytes(Buf *b, double bytes) MUST_CHECK;
/* <1ms, 9ms, 1.2s, then as an age. */
int figure_latency(Buf *b, double ms) MUST_CHECK;

typedef enum FigureMoment {
        FIGURE_TIME, /* 17:00:00 */
        FIGURE_DATE, /* 2026-11-20 17:00:00 */
} FigureMoment;

/* A moment of the daemon ("2026-11-20T17:00:00Z", with or without a fraction) in local time. */
int figure_moment(Buf *b, FigureMoment form, const char *at) MUST_CHECK;
/* The first characters of a text, at most so many, with dots where it was cut. */
int figure_cut(Buf *b, Span text, size_t most) MUST_CHECK;
/* Printable characters and tabs as they are, other bytes as \xNN. */
int figure_text(Buf *b, Span s) MUST_CHECK;
