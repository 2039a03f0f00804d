/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load [OPTION...] HOST:PORT|unix:PATH: calls a tool over HTTP from N
 * connections, each with an MCP session of its own and one call at a time,
 * checks the id and the text of every answer, and prints one line of JSON: the
 * rate, times, and what the watched processes and this one have used. The
 * first answer that is wrong ends it with 1.
 *   --connections N   that call (default 1; 0 with --idle)
 *   --idle N          further sessions that stay open and say nothing
 *   --seconds S       how long is measured (default 1), in thousandths at best
 *   --requests N      or so many answers
 *   --warmup N        answers before (default 200)
 *   --tool NAME       echo, blob, sleep      --size N   of the text, or milliseconds
 *   --path PATH       of the URL (/mcp)      --token T  bearer token
 *   --prefix TEXT     before the tool's name, as where the tools of several servers are
 *   --sse             takes events alone, no single object
 *   --plain FILE      no MCP: the answer is always what the file holds
 *   --watch PID,...   whose CPU time is told
 *   --counters FILE   of tests/bench/count-malloc.so, read before and after
 *   --hold            says "ready" when all is open, waits for a line, measures,
 *                     and waits for another one
 */
#include <fcntl.h>
#include <getopt.h>
#include <sys/epoll.h>
#include <sys/resource.h>

#include "base/fd.h"
#include "base/parse.h"
#include "bench/histogram.h"
#include "bench/load-conn.h"
#include "bench/watch.h"

enum { EVENTS = 256, STUCK_MS = 60000 };

typedef struct Load {
        CallPlan plan;
        Watch watch;
        uint64_t connections, idle, requests, warmup;
        Nsec duration;
        bool hold;
        Buf whole;       /* of --plain */
        LoadConn *conns; /* owned */
        size_t opened;
        int epoll;
        size_t waiting;  /* calls without an answer yet */
        uint64_t warmed; /* answers before the measuring */
        bool measuring, done;
        Nsec began, ended;
        double cpu_began, cpu_used;
        uint64_t sse; /* answers that came as an event */
        Histogram times;
} Load;

static Load the;

static void must(int r, const char *what)
{
        if (r == 0)
                return;
        fprintf(stderr, "load: %s: %s\n", what, r < 0 ? strerror(-r) : "the server does not do as it should");
        exit(1);
}

static double own_cpu_us(void)
{
        struct rusage u;
        getrusage(RUSAGE_SELF, &u);
        return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e6 +
               (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

/* ---- the options ------------------------------------------------------------------ */

enum {
        OPT_CONNECTIONS = 1,
        OPT_IDLE,
        OPT_SECONDS,
        OPT_REQUESTS,
        OPT_WARMUP,
        OPT_TOOL,
        OPT_SIZE,
        OPT_PATH,
        OPT_TOKEN,
        OPT_PLAIN,
        OPT_WATCH,
        OPT_COUNTERS,
        OPT_HOLD,
        OPT_PREFIX,
        OPT_SSE
};

static const struct option options[] = {
        {"connections", required_argument, NULL, OPT_CONNECTIONS},
        {"idle", required_argument, NULL, OPT_IDLE},
        {"seconds", required_argument, NULL, OPT_SECONDS},
        {"requests", required_argument, NULL, OPT_REQUESTS},
        {"warmup", required_argument, NULL, OPT_WARMUP},
        {"tool", required_argument, NULL, OPT_TOOL},
        {"size", required_argument, NULL, OPT_SIZE},
        {"path", required_argument, NULL, OPT_PATH},
        {"token", required_argument, NULL, OPT_TOKEN},
        {"plain", required_argument, NULL, OPT_PLAIN},
        {"watch", required_argument, NULL, OPT_WATCH},
        {"counters", required_argument, NULL, OPT_COUNTERS},
        {"hold", no_argument, NULL, OPT_HOLD},
        {"prefix", required_argument, NULL, OPT_PREFIX},
        {"sse", no_argument, NULL, OPT_SSE},
        {0},
};

static uint64_t number(const char *text)
{
        uint64_t n = 0;
        must(parse_u64(span_of(text), &n), text);
        return n;
}

static void read_plain(const char *path)
{
        CLEANUP_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
        must(fd < 0 ? -errno : 0, path);
        the.whole = BUF_INIT(BUF_CAP_NONE);
        must(fd_read_all(fd, &the.whole), path);
        the.plan.whole = buf_span(&the.whole);
}

static void take_text(int option, const char *text)
{
        const char **const places[] = {[OPT_TOOL] = &the.plan.tool,
                                       [OPT_PATH] = &the.plan.path,
                                       [OPT_TOKEN] = &the.plan.token,
                                       [OPT_PREFIX] = &the.plan.prefix};
        *places[option] = text;
}

static void take_number(int option, const char *text)
{
        uint64_t *const places[] = {[OPT_CONNECTIONS] = &the.connections,
                                    [OPT_IDLE] = &the.idle,
                                    [OPT_REQUESTS] = &the.requests,
                                    [OPT_WARMUP] = &the.warmup};
        *places[option] = number(text);
}

static void take_option(int option, const char *text)
{
        switch (option) {
        case OPT_CONNECTIONS:
        case OPT_IDLE:
        case OPT_REQUESTS:
        case OPT_WARMUP:
                take_number(option, text);
                break;
        case OPT_TOOL:
        case OPT_PATH:
        case OPT_TOKEN:
        case OPT_PREFIX:
                take_text(option, text);
                break;
        case OPT_SIZE:
                the.plan.size = number(text);
                break;
        case OPT_SECONDS:
                the.duration = (Nsec)(strtod(text, NULL) * 1e9);
                break;
        case OPT_PLAIN:
                read_plain(text);
                break;
        case OPT_WATCH:
                must(watch_add_pids(&the.watch, text), "--watch");
                break;
        case OPT_COUNTERS:
                must(watch_map_counters(&the.watch, text), text);
                break;
        case OPT_HOLD:
                the.hold = true;
                break;
        case OPT_SSE:
                the.plan.sse = true;
                break;
        default:
                exit(2);
        }
}

static void read_options(int argc, char **argv)
{
        int option;
        the.connections = 1;
        the.warmup = 200;
        the.duration = NSEC_PER_SEC;
        the.plan = (CallPlan){.path = "/mcp", .tool = "echo", .size = 100};
        while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
                take_option(option, optarg);
        if (argc - optind != 1) {
                fprintf(stderr, "load: one address, please: HOST:PORT or unix:PATH\n");
                exit(2);
        }
        the.plan.address = argv[optind];
}

/* ---- running ------------------------------------------------------------------------ */

static void open_all(void)
{
        size_t all = the.connections + the.idle;
        the.conns = calloc(all + 1, sizeof(*the.conns));
        must(the.conns ? 0 : -ENOMEM, "connections");
        for (size_t i = 0; i < all; i++) {
                must(load_conn_open(the.conns + i, &the.plan, (uint32_t)i), "opening a session");
                the.opened++;
        }
}

static void watch_for(LoadConn *c, int op, uint32_t events)
{
        struct epoll_event e = {.events = events, .data.ptr = c};
        must(epoll_ctl(the.epoll, op, c->fd, &e) < 0 ? -errno : 0, "epoll");
}

static void call(LoadConn *c, Nsec now)
{
        bool again = c->reopen;
        c->began = now;
        int r = load_conn_call(c);
        must(r < 0 ? r : 0, "sending a call");
        if (again)
                watch_for(c, EPOLL_CTL_ADD, EPOLLIN);
        if (r == LOAD_CONN_E_MORE)
                watch_for(c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
        the.waiting++;
}

static void begin(Nsec now)
{
        watch_begin(&the.watch);
        the.cpu_began = own_cpu_us();
        the.began = now;
        the.measuring = true;
}

static void end(Nsec now)
{
        the.ended = now;
        the.cpu_used = own_cpu_us() - the.cpu_began;
        watch_end(&the.watch);
        the.done = true;
}

static void count(const LoadConn *c, Nsec now)
{
        if (the.done)
                return;
        if (!the.measuring) {
                if (++the.warmed >= the.warmup)
                        begin(clock_now(&clock_monotonic));
                return;
        }
        histogram_add(&the.times, now - c->began);
        the.sse += c->sse;
        if (the.requests ? the.times.count >= the.requests : now - the.began >= the.duration)
                end(now);
}

static void flush(LoadConn *c)
{
        int r = load_conn_flush(c);
        must(r < 0 ? r : 0, "sending a call");
        if (r == 0)
                watch_for(c, EPOLL_CTL_MOD, EPOLLIN);
}

static void ready(const struct epoll_event *e)
{
        LoadConn *c = e->data.ptr;
        if (e->events & EPOLLOUT)
                flush(c);
        if (!(e->events & ~(uint32_t)EPOLLOUT))
                return;
        int r = load_conn_receive(c);
        if (r == LOAD_CONN_E_MORE)
                return;
        must(r, "an answer");
        Nsec now = clock_now(&clock_monotonic);
        the.waiting--;
        count(c, now);
        if (!the.done)
                call(c, now);
}

static void run(void)
{
        struct epoll_event events[EVENTS];
        the.epoll = epoll_create1(EPOLL_CLOEXEC);
        must(the.epoll < 0 ? -errno : 0, "epoll");
        if (the.warmup == 0)
                begin(clock_now(&clock_monotonic));
        for (size_t i = 0; i < the.connections; i++)
                watch_for(the.conns + i, EPOLL_CTL_ADD, EPOLLIN);
        for (size_t i = 0; i < the.connections; i++)
                call(the.conns + i, clock_now(&clock_monotonic));
        while (the.waiting > 0) {
                int n = epoll_wait(the.epoll, events, EVENTS, STUCK_MS);
                must(n < 0 && errno != EINTR ? -errno : n == 0 ? -ETIMEDOUT : 0, "waiting for an answer");
                for (int i = 0; i < n; i++)
                        ready(events + i);
        }
}

/* ---- what it says --------------------------------------------------------------------- */

static void print_watched(double calls)
{
        printf(", \"cpu_us\": {");
        for (size_t i = 0; i < the.watch.n; i++)
                printf("%s\"%d\": %.3f", i ? ", " : "", the.watch.pids[i],
                       (double)the.watch.used[i] / 1e3 / calls);
        printf("}");
        if (!the.watch.counters)
                return;
        printf(", \"allocations\": {");
        static const char *const names[] = {"malloc", "calloc", "realloc", "free"};
        for (size_t i = 0; i < WATCH_COUNTERS; i++)
                printf("%s\"%s\": %llu", i ? ", " : "", names[i], (unsigned long long)the.watch.counted[i]);
        printf("}");
}

static void print(void)
{
        double seconds = (double)(the.ended - the.began) / 1e9, calls = (double)the.times.count;
        printf("{\"connections\": %llu, \"idle\": %llu, \"requests\": %.0f, \"seconds\": %.6f, \"rate\": "
               "%.1f, ",
               (unsigned long long)the.connections, (unsigned long long)the.idle, calls, seconds,
               calls / seconds);
        printf("\"p50_us\": %.1f, \"p99_us\": %.1f, \"p999_us\": %.1f, \"max_us\": %.1f, ",
               histogram_quantile(&the.times, 0.5) / 1e3, histogram_quantile(&the.times, 0.99) / 1e3,
               histogram_quantile(&the.times, 0.999) / 1e3, (double)the.times.max / 1e3);
        printf("\"sse\": %llu, \"load_cpu_us\": %.3f, \"load_busy\": %.3f", (unsigned long long)the.sse,
               the.cpu_used / calls, the.cpu_used / 1e6 / seconds);
        print_watched(calls);
        printf("}\n");
}

static void wait_line(void)
{
        int c;
        fflush(stdout);
        while (the.hold && (c = getchar()) != EOF && c != '\n')
                ;
}

int main(int argc, char **argv)
{
        struct rlimit files;
        if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
                files.rlim_cur = files.rlim_max;
                (void)setrlimit(RLIMIT_NOFILE, &files);
        }
        read_options(argc, argv);
        must(call_plan_init(&the.plan), "memory");
        open_all();
        if (the.hold)
                printf("ready\n");
        wait_line();
        if (the.connections) {
                run();
                print();
                wait_line();
        }
        for (size_t i = 0; i < the.opened; i++)
                load_conn_close(the.conns + i);
        free(the.conns);
        buf_done(&the.whole);
        call_plan_done(&the.plan);
        return 0;
}
