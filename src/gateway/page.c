/* SPDX-License-Identifier: Apache-2.0 */
/* Pages of our own: whether we live, whether we are ready, and the figures. */
#include "base/limit-table.h"
#include "control/server-state.h"
#include "gateway/metrics-page.h"
#include "gateway/root.h"
#include "gateway/route.h"

static int answer_text(Client *c, int status, Span type, Span body)
{
        return client_answer(c, &(ClientAnswer){.status = status, .type = type}, &body, 1);
}

static int answer_metrics(Client *c)
{
        CLEANUP(buf_done) Buf b = BUF_INIT(LIMIT_METRICS_PAGE);
        Gateway *g = c->gateway;
        scoreboard_self(scoreboard_process(g->scoreboard, SCORE_GATEWAY),
                        loop_stats(g->loop)->lag_max / NSEC_PER_USEC);
        int r = metrics_page(g->scoreboard, loop_now(g->loop), &b);
        if (r == -ENOBUFS)
                return client_refuse(c, 500, "the page of metrics would be longer than it may be");
        return r < 0 ? r : answer_text(c, 200, SPAN("text/plain; version=0.0.4; charset=utf-8"), buf_span(&b));
}

int page_answer(Client *c, const RouteRow *row)
{
        switch (row->id) {
        case ROUTE_METRICS:
                return answer_metrics(c);
        default:
                return answer_text(c, 200, SPAN("text/plain; charset=utf-8"), SPAN("ok\n"));
        }
}
