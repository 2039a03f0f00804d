#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway's index of the tool series in the scoreboard: which one a tool
 * of a server has. Series are made when a tool is first asked for and used
 * again when their server is gone; over the cap, and for names that are too
 * long, a server's calls go to its series `other`; those over the cap are counted. Whoever asks has looked
 * the tool up before: what a client makes up gets no series.
 */

#include "ipc/scoreboard.h"

typedef struct ScoreTools ScoreTools;

/* Finds again what an earlier gateway has counted. The scoreboard is borrowed. */
int score_tools_new(Scoreboard *s, ScoreTools **ret) MUST_CHECK;
ScoreTools *score_tools_free(ScoreTools *t);
DEFINE_CLEANUP(ScoreTools, score_tools_free)

/* Of a tool of the server in that row, which has that generation. NULL when there is no such row. */
ScoreTool *score_tools_find(ScoreTools *t, uint32_t row, uint64_t generation, Span name);
