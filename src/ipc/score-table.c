/* SPDX-License-Identifier: Apache-2.0 */
#include "ipc/score-table.h"

#define ROW(id, name) name,
static const char *const methods[] = {SCORE_METHODS(ROW)};
static const char *const statuses[] = {SCORE_STATUSES(ROW)};
static const char *const routes[] = {SCORE_ROUTES(ROW)};
static const char *const limits[] = {SCORE_LIMITS(ROW)};
#undef ROW
#define ROW(code) #code,
static const char *const codes[] = {SCORE_CODES(ROW) "other"};
#undef ROW
#define ROW(code) (code),
static const unsigned numbers[] = {SCORE_CODES(ROW)};
#undef ROW

const char *score_method_name(ScoreMethod m)
{
        return methods[m];
}

const char *score_status_name(ScoreStatus s)
{
        return statuses[s];
}

const char *score_route_name(ScoreRoute r)
{
        return routes[r];
}

const char *score_code_name(ScoreCode c)
{
        return codes[c];
}

const char *score_limit_name(ScoreLimit l)
{
        return limits[l];
}

ScoreCode score_code_of(unsigned status)
{
        for (size_t i = 0; i < ARRAY_SIZE(numbers); i++)
                if (numbers[i] == status)
                        return (ScoreCode)i;
        return SCORE_CODE_OTHER;
}
