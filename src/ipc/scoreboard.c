/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "ipc/score-self.h"
#include "ipc/scoreboard.h"

enum {
        BOARD_MAGIC = 0x4253434d /* "MCSB" */,
        NAME_TRIES = 1000, /* the writer needs one; a hostile gateway can write into these cells, too */
        SEALS = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL,
};

/* What the memory holds; the series of tools stand behind the servers. Only the rows that are used are
 * ever touched, so only they cost memory. */
typedef struct Board {
        uint32_t magic, rows, row_size, process_size, tools, tool_size;
        ScoreCell used;
        ScoreProcess processes[_SCORE_ROLE_MAX];
        ScoreServer servers[];
} Board;

struct Scoreboard {
        Board *board; /* owned: the mapping */
        size_t size;
        int fd; /* owned */
        ScoreSelf self;
        uint32_t rows, tools;
        uint32_t used; /* the supervisor's; the gateway reads it in the board */
        uint64_t next_generation;
        uint64_t *taken; /* owned, the supervisor's: generations of rows, 0: free; NULL in the gateway */
};

static size_t board_size(uint32_t rows, uint32_t tools)
{
        return sizeof(Board) + (size_t)rows * sizeof(ScoreServer) + (size_t)tools * sizeof(ScoreTool);
}

static int board_map(Scoreboard *s, int fd, uint32_t rows, uint32_t tools)
{
        size_t size = board_size(rows, tools);
        void *map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (map == MAP_FAILED)
                return -errno;
        s->board = map;
        s->size = size;
        s->rows = rows;
        s->tools = tools;
        return 0;
}

/* Sealed before anybody else has it: a change of its size would be a SIGBUS for us. */
static int make_memory(size_t size, int *ret_fd)
{
        CLEANUP_FD int fd = -EBADF;
        int r = fd_memfd_new("scoreboard", &fd);
        if (r < 0)
                return r;
        if (ftruncate(fd, (off_t)size) < 0 || fcntl(fd, F_ADD_SEALS, SEALS) < 0)
                return -errno;
        *ret_fd = TAKE_FD(fd);
        return 0;
}

int scoreboard_new(uint32_t max_servers, uint32_t max_tools, Scoreboard **ret)
{
        CLEANUP(scoreboard_free_p) Scoreboard *s = calloc(1, sizeof(*s));
        CLEANUP_FD int fd = -EBADF;
        if (!s)
                return -ENOMEM;
        s->fd = -EBADF;
        s->self = SCORE_SELF_INIT;
        s->taken = calloc(MAX(max_servers, 1U), sizeof(*s->taken));
        if (!s->taken)
                return -ENOMEM;
        int r = make_memory(board_size(max_servers, max_tools), &fd);
        if (r == 0)
                r = board_map(s, fd, max_servers, max_tools);
        if (r < 0)
                return r;
        s->board->magic = BOARD_MAGIC;
        s->board->rows = max_servers;
        s->board->row_size = sizeof(ScoreServer);
        s->board->process_size = sizeof(ScoreProcess);
        s->board->tools = max_tools;
        s->board->tool_size = sizeof(ScoreTool);
        s->fd = TAKE_FD(fd);
        score_self_open(&s->self);
        *ret = TAKE_PTR(s);
        return 0;
}

static bool board_is_ours(const Board *b, uint32_t rows)
{
        return b->magic == BOARD_MAGIC && b->rows == rows && b->row_size == sizeof(ScoreServer) &&
               b->process_size == sizeof(ScoreProcess) && b->tool_size == sizeof(ScoreTool);
}

/* As many series of tools as there is room for behind the servers. */
static bool count_tools(size_t size, uint32_t rows, uint32_t *ret)
{
        size_t before = board_size(rows, 0);
        if (size < before || (size - before) % sizeof(ScoreTool) ||
            (size - before) / sizeof(ScoreTool) > UINT32_MAX)
                return false;
        *ret = (uint32_t)((size - before) / sizeof(ScoreTool));
        return true;
}

/* What is in hand, which nobody has any more when a gateway has ended, and what its end was. */
static void clear_gauges(Scoreboard *s)
{
        static const Metric gauges[] = {METRIC_SESSIONS, METRIC_CONNECTIONS, METRIC_STREAMS};
        for (size_t i = 0; i < ARRAY_SIZE(gauges); i++)
                metric_set(&s->board->processes[SCORE_GATEWAY].metrics, gauges[i], 0);
        score_set(&s->board->processes[SCORE_GATEWAY].refused_call, 0);
        for (uint32_t row = 0; row < scoreboard_used(s); row++) {
                ScoreServer *server = &s->board->servers[row];
                score_set(&server->gateway.in_flight, 0);
                score_set(&server->gateway.queue_depth, 0);
                score_set(&server->gateway.queue_since, 0);
                for (size_t i = 0; i < SCORE_INSTANCES; i++)
                        score_set(&server->instances[i].in_flight, 0);
        }
}

int scoreboard_map(int fd, uint32_t max_servers, Scoreboard **ret)
{
        CLEANUP(scoreboard_free_p) Scoreboard *s = NULL;
        struct stat st;
        uint32_t tools;
        int seals = fcntl(fd, F_GET_SEALS);
        if (seals < 0 || (seals & SEALS) != SEALS || (seals & F_SEAL_WRITE))
                return -EBADMSG;
        if (fstat(fd, &st) < 0 || st.st_size < 0 || !count_tools((size_t)st.st_size, max_servers, &tools))
                return -EBADMSG;
        s = calloc(1, sizeof(*s));
        if (!s)
                return -ENOMEM;
        s->fd = -EBADF;
        s->self = SCORE_SELF_INIT;
        int r = board_map(s, fd, max_servers, tools);
        if (r < 0)
                return r;
        if (!board_is_ours(s->board, max_servers) || s->board->tools != tools)
                return -EBADMSG;
        clear_gauges(s);
        s->fd = fd;
        score_self_open(&s->self);
        *ret = TAKE_PTR(s);
        return 0;
}

Scoreboard *scoreboard_free(Scoreboard *s)
{
        if (!s)
                return NULL;
        if (s->board)
                (void)munmap(s->board, s->size);
        fd_close_p(&s->fd);
        score_self_done(&s->self);
        free(s->taken);
        free(s);
        return NULL;
}

int scoreboard_fd(const Scoreboard *s)
{
        return s->fd;
}

uint32_t scoreboard_rows(const Scoreboard *s)
{
        return s->rows;
}

uint32_t scoreboard_used(const Scoreboard *s)
{
        return s->taken ? s->used : (uint32_t)MIN(score_get(&s->board->used), (uint64_t)s->rows);
}

uint32_t scoreboard_tools(const Scoreboard *s)
{
        return s->tools;
}

ScoreTool *scoreboard_tool(Scoreboard *s, uint32_t i)
{
        ScoreTool *first = (ScoreTool *)(void *)&s->board->servers[s->rows];
        assert(i < s->tools);
        return &first[i];
}

ScoreServer *scoreboard_server(Scoreboard *s, uint32_t row)
{
        return row < s->rows ? &s->board->servers[row] : NULL;
}

ScoreProcess *scoreboard_process(Scoreboard *s, ScoreRole role)
{
        assert(role < _SCORE_ROLE_MAX);
        return &s->board->processes[role];
}

/* ---- name and generation: two facts under one sequence ---------------------- */

/* The first odd number after it, whatever somebody else has left there. */
static uint64_t naming_begin(ScoreServerOurs *o)
{
        uint64_t seq = score_get(&o->seq) | 1;
        score_set(&o->seq, seq);
        atomic_thread_fence(memory_order_release);
        return seq;
}

static void naming_end(ScoreServerOurs *o, uint64_t seq)
{
        atomic_store_explicit(&o->seq, seq + 1, memory_order_release);
}

/* All cells but the sequence. */
static void row_clear(ScoreServer *row)
{
        memset((char *)&row->ours + sizeof(row->ours.seq), 0, sizeof(row->ours) - sizeof(row->ours.seq));
        memset(&row->gateway, 0, sizeof(row->gateway));
        memset(row->instances, 0, sizeof(row->instances));
}

int scoreboard_take(Scoreboard *s, const char *name, uint32_t *ret_row, uint64_t *ret_generation)
{
        size_t len = strlen(name);
        uint32_t row = 0;
        assert(s->taken && len < SCORE_NAME);
        while (row < s->rows && s->taken[row])
                row++;
        if (row == s->rows)
                return SCOREBOARD_E_FULL;

        ScoreServer *server = &s->board->servers[row];
        uint64_t generation = ++s->next_generation, seq = naming_begin(&server->ours);
        row_clear(server);
        memcpy(server->ours.name, name, len);
        score_set(&server->ours.generation, generation);
        naming_end(&server->ours, seq);
        s->taken[row] = generation;
        s->used = MAX(s->used, row + 1);
        score_set(&s->board->used, s->used);
        *ret_row = row;
        *ret_generation = generation;
        return 0;
}

void scoreboard_give(Scoreboard *s, uint32_t row)
{
        assert(s->taken && row < s->rows && s->taken[row]);
        ScoreServerOurs *o = &s->board->servers[row].ours;
        uint64_t seq = naming_begin(o);
        memset(o->name, 0, sizeof(o->name));
        score_set(&o->generation, 0);
        naming_end(o, seq);
        s->taken[row] = 0;
}

bool scoreboard_name(Scoreboard *s, uint32_t row, char ret_name[static SCORE_NAME], uint64_t *ret_generation)
{
        if (row >= s->rows || (s->taken && !s->taken[row]))
                return false;
        const ScoreServerOurs *o = &s->board->servers[row].ours;
        for (int i = 0; i < NAME_TRIES; i++) {
                char name[SCORE_NAME];
                uint64_t seq = atomic_load_explicit(&o->seq, memory_order_acquire);
                uint64_t generation = score_get(&o->generation);
                memcpy(name, o->name, sizeof(name));
                atomic_thread_fence(memory_order_acquire);
                if ((seq & 1) || score_get(&o->seq) != seq)
                        continue;
                if (generation == 0)
                        return false;
                name[SCORE_NAME - 1] = '\0';
                memcpy(ret_name, name, sizeof(name));
                *ret_generation = generation;
                return true;
        }
        return false;
}

/* ---- requests --------------------------------------------------------------- */

/* A client that changed its mind is no fault of the server's. */
static bool is_error(ScoreStatus s)
{
        return s != SCORE_STATUS_OK && s != SCORE_STATUS_CANCELLED;
}

void score_request(ScoreServerGateway *g, ScoreMethod m, ScoreStatus s, uint64_t usec)
{
        score_add(&g->requests[m][s], 1);
        score_add(&g->calls, 1);
        if (is_error(s))
                score_add(&g->errors, 1);
        metric_observe(&g->duration, METRIC_REQUEST_DURATION, usec);
}

void score_tool_call(ScoreTool *t, ScoreStatus s, uint64_t usec)
{
        score_add(&t->statuses[s], 1);
        metric_observe(&t->duration, METRIC_TOOL_DURATION, usec);
}

/* ---- this process ----------------------------------------------------------- */

void scoreboard_self(Scoreboard *s, ScoreRole role, uint64_t lag_usec)
{
        ScoreProcess *p = scoreboard_process(s, role);
        uint64_t value;
        score_set(&p->lag_usec, lag_usec);
        if (score_self_cpu(&value))
                score_set(&p->cpu_usec, value);
        if (score_self_memory(&s->self, &value))
                score_set(&p->memory, value);
        if (score_self_files(&s->self, &value))
                score_set(&p->fds, value);
}
