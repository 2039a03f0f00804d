/* SPDX-License-Identifier: Apache-2.0 */
/*
 * stdio-direct [OPTION...] SERVER [ARGUMENT...]: the floor of every gateway:
 * the same server driven over its own pipes, without HTTP and without anybody
 * between. One call at a time, and many in flight; small and large arguments
 * (echo) and answers (blob). Checks the id and the text of every answer.
 *   --seconds S           how long each row is measured (default 1)
 *   --row TOOL,SIZE,N     this one only, N calls in flight (at most 64)
 *   --pipe BYTES          the size of the pipes; without it as the kernel makes them
 *   --cpus DRIVER,SERVER  where both run: across CPUs each byte costs several times more
 *   --json                a line of JSON for each row, not a table
 */
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <sched.h>
#include <sys/wait.h>

#include "base/fd.h"
#include "base/parse.h"
#include "bench/answer.h"
#include "bench/histogram.h"
#include "bench/watch.h"

enum {
        READ_SIZE = 256 * 1024,
        OUT_MOST = 128 * 1024,
        WINDOW = 64,
        STUCK_MS = 60000,
        HEAD = 160,
        WARMUP = 20
};

typedef struct Row {
        const char *tool;
        size_t size;
        unsigned depth; /* calls in flight */
} Row;

static const Row rows[] = {
        {"echo", 100, 1},     {"echo", 100, 64},     {"echo", 10000, 1}, {"echo", 10000, 64},
        {"echo", 1000000, 1}, {"echo", 1000000, 16}, {"blob", 10000, 1}, {"blob", 10000, 64},
        {"blob", 1000000, 1}, {"blob", 1000000, 16},
};

typedef struct Direct {
        int to, from; /* owned; the server's stdin and stdout */
        pid_t pid;
        Buf out, in;
        size_t written, looked;
        Buf payload;
        uint64_t asked, answered; /* ids follow one another */
        Nsec at[WINDOW];
        Histogram times;
        bool measuring;
} Direct;

static Row one_row;
static Direct the = {.to = -EBADF, .from = -EBADF};
static Nsec duration = NSEC_PER_SEC;
static uint64_t pipe_size;
static int server_cpu = -1;
static bool as_json;

static void must(int r, const char *what)
{
        if (r >= 0)
                return;
        fprintf(stderr, "stdio-direct: %s: %s\n", what, strerror(-r));
        exit(1);
}

/* ---- the server ------------------------------------------------------------------- */

static void run_on(int cpu)
{
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET((size_t)cpu, &set);
        must(sched_setaffinity(0, sizeof(set), &set) < 0 ? -errno : 0, "--cpus");
}

static void start(char **argv)
{
        int in[2], out[2];
        must(pipe2(in, O_CLOEXEC) < 0 || pipe2(out, O_CLOEXEC) < 0 ? -errno : 0, "pipe");
        if (pipe_size) {
                must(fcntl(in[1], F_SETPIPE_SZ, (int)pipe_size) < 0 ? -errno : 0, "--pipe");
                must(fcntl(out[1], F_SETPIPE_SZ, (int)pipe_size) < 0 ? -errno : 0, "--pipe");
        }
        the.pid = fork();
        must(the.pid < 0 ? -errno : 0, "fork");
        if (the.pid == 0) {
                if (server_cpu >= 0)
                        run_on(server_cpu);
                if (dup2(in[0], STDIN_FILENO) >= 0 && dup2(out[1], STDOUT_FILENO) >= 0)
                        execvp(argv[0], argv);
                _exit(127);
        }
        close(in[0]);
        close(out[1]);
        the.to = in[1];
        the.from = out[0];
        must(fd_set_nonblock(the.to, true), "a pipe");
        must(fd_set_nonblock(the.from, true), "a pipe");
}

static void stop(void)
{
        fd_close_p(&the.to);
        fd_close_p(&the.from);
        (void)waitpid(the.pid, NULL, 0);
}

/* ---- calls ------------------------------------------------------------------------ */

static void make_payload(const Row *row)
{
        static const char pattern[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-.";
        buf_clear(&the.payload);
        while (the.payload.len < row->size)
                must(buf_append(&the.payload, pattern, MIN(row->size - the.payload.len, sizeof(pattern) - 1)),
                     "memory");
}

static void append_call(const Row *row)
{
        bool echo = strcmp(row->tool, "echo") == 0;
        uint64_t id = ++the.asked;
        must(buf_appendf(
                     &the.out,
                     "{\"jsonrpc\":\"2.0\",\"id\":%llu,\"method\":\"tools/call\",\"params\":{\"name\":\"%s\","
                     "\"arguments\":{\"%s\":",
                     (unsigned long long)id, row->tool, echo ? "text" : "size"),
             "memory");
        if (!echo) {
                must(buf_appendf(&the.out, "%zu}}}\n", row->size), "memory");
        } else {
                must(buf_append_char(&the.out, '"'), "memory");
                must(buf_append_span(&the.out, buf_span(&the.payload)), "memory");
                must(buf_append_str(&the.out, "\"}}}\n"), "memory");
        }
        the.at[id % WINDOW] = clock_now(&clock_monotonic);
}

static void fill(const Row *row)
{
        if (the.written == the.out.len) {
                buf_clear(&the.out);
                the.written = 0;
        }
        while (the.asked - the.answered < row->depth && the.out.len < OUT_MOST)
                append_call(row);
}

static void send_calls(void)
{
        ssize_t n = write(the.to, the.out.data + the.written, the.out.len - the.written);
        must(n < 0 && errno != EAGAIN ? -errno : 0, "writing a call");
        the.written += n > 0 ? (size_t)n : 0;
}

static void take_answer(Span line)
{
        const Answer a = {.status = 200, .body = line};
        const Expected e = {.id = ++the.answered, .payload = buf_span(&the.payload)};
        if (answer_check(&a, &e) != 0) {
                fprintf(stderr, "stdio-direct: a wrong answer: %.*s\n", (int)MIN(line.len, (size_t)300),
                        line.ptr);
                exit(1);
        }
        if (the.measuring)
                histogram_add(&the.times, clock_now(&clock_monotonic) - the.at[e.id % WINDOW]);
}

static void receive(void)
{
        char *room;
        must(buf_reserve(&the.in, READ_SIZE, &room), "memory");
        ssize_t n = read(the.from, room, READ_SIZE);
        must(n < 0 && errno != EAGAIN ? -errno : n == 0 ? -EPIPE : 0, "an answer");
        buf_commit(&the.in, n > 0 ? (size_t)n : 0);
        size_t done = 0, at;
        Span rest = span_skip(buf_span(&the.in), the.looked);
        while ((at = span_find(rest, '\n')) < rest.len) {
                size_t end = (size_t)(rest.ptr - the.in.data) + at;
                take_answer(span_from(the.in.data + done, end - done));
                done = end + 1;
                rest = span_skip(rest, at + 1);
        }
        buf_consume(&the.in, done);
        the.looked = the.in.len;
}

/* Both pipes are watched: a server that waits until we read must not find us waiting until it does. */
static void turn(void)
{
        struct pollfd p[] = {{.fd = the.from, .events = POLLIN},
                             {.fd = the.written < the.out.len ? the.to : -1, .events = POLLOUT}};
        int n = poll(p, ARRAY_SIZE(p), STUCK_MS);
        must(n < 0 ? -errno : n == 0 ? -ETIMEDOUT : 0, "waiting for an answer");
        if (p[0].revents)
                receive();
        if (p[1].revents)
                send_calls();
}

/* ---- a row ------------------------------------------------------------------------ */

static double own_cpu_us(void)
{
        struct timespec t;
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
        return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void calls_until(const Row *row, uint64_t answers, Nsec until)
{
        while (the.answered < answers && clock_now(&clock_monotonic) < until) {
                fill(row);
                send_calls();
                turn();
        }
}

static void print(const Row *row, double seconds, double server_us, double own_us)
{
        static const char table[] = "%-5s %8zu B, %2u in flight %11.1f %9.1f %9.1f %9.2f %9.2f\n";
        static const char json[] =
                "{\"tool\": \"%s\", \"size\": %zu, \"depth\": %u, \"rate\": %.1f, \"p50_us\": %.1f, "
                "\"p99_us\": %.1f, \"server_cpu_us\": %.3f, \"driver_cpu_us\": %.3f}\n";
        double n = (double)the.times.count;
        printf(as_json ? json : table, row->tool, row->size, row->depth, n / seconds,
               histogram_quantile(&the.times, 0.5) / 1e3, histogram_quantile(&the.times, 0.99) / 1e3,
               server_us / n, own_us / n);
        fflush(stdout);
}

static void measure(const Row *row, char **argv)
{
        static Watch watch;
        start(argv);
        make_payload(row);
        the.measuring = false;
        the.asked = the.answered = 0;
        calls_until(row, WARMUP * row->depth, NSEC_NEVER);
        histogram_clear(&the.times);
        watch = (Watch){.n = 1, .pids = {the.pid}};
        the.measuring = true;
        Nsec began = clock_now(&clock_monotonic);
        double cpu = own_cpu_us();
        watch_begin(&watch);
        calls_until(row, UINT64_MAX, began + duration);
        watch_end(&watch);
        double seconds = (double)(clock_now(&clock_monotonic) - began) / 1e9;
        print(row, seconds, (double)watch.used[0] / 1e3, own_cpu_us() - cpu);
        stop();
        buf_clear(&the.in);
        buf_clear(&the.out);
        the.written = the.looked = 0;
}

/* ---- the options -------------------------------------------------------------------- */

static int take_cpus(Span text)
{
        Span driver;
        uint64_t first = 0, second = 0;
        if (!span_next(&text, ',', &driver) || parse_u64(driver, &first) != 0 ||
            parse_u64(text, &second) != 0 || first >= CPU_SETSIZE || second >= CPU_SETSIZE)
                return -EINVAL;
        server_cpu = (int)second;
        run_on((int)first);
        return 0;
}

static int take_row(Span text)
{
        static char tool[8];
        Span name, size;
        uint64_t bytes = 0, depth = 0;
        if (!span_next(&text, ',', &name) || !span_next(&text, ',', &size) || parse_u64(size, &bytes) != 0 ||
            parse_u64(text, &depth) != 0 || depth == 0 || depth > WINDOW || name.len >= sizeof(tool))
                return -EINVAL;
        memcpy(tool, name.ptr, name.len);
        one_row = (Row){tool, bytes, (unsigned)depth};
        return 0;
}

static int take_option(int option)
{
        switch (option) {
        case 'j':
                as_json = true;
                return 0;
        case 's':
                duration = (Nsec)(strtod(optarg, NULL) * 1e9);
                return 0;
        case 'p':
                return parse_u64(span_of(optarg), &pipe_size);
        case 'c':
                return take_cpus(span_of(optarg));
        case 'r':
                return take_row(span_of(optarg));
        default:
                return -EINVAL;
        }
}

int main(int argc, char **argv)
{
        static const struct option options[] = {
                {"json", no_argument, NULL, 'j'},       {"seconds", required_argument, NULL, 's'},
                {"pipe", required_argument, NULL, 'p'}, {"cpus", required_argument, NULL, 'c'},
                {"row", required_argument, NULL, 'r'},  {0}};
        int o, r = 0;
        while (r == 0 && (o = getopt_long(argc, argv, "+", options, NULL)) != -1)
                r = take_option(o);
        if (r != 0 || optind == argc) {
                fprintf(stderr, "stdio-direct: an option is wrong, or the server is missing\n");
                return 2;
        }
        the.in = the.out = the.payload = BUF_INIT(BUF_CAP_NONE);
        if (!as_json)
                printf("%-29s %11s %9s %9s %9s %9s\n", "", "calls/s", "p50 us", "p99 us", "server us",
                       "driver us");
        for (size_t i = 0; i < (one_row.depth ? 1 : ARRAY_SIZE(rows)); i++)
                measure(one_row.depth ? &one_row : rows + i, argv + optind);
        buf_done(&the.in);
        buf_done(&the.out);
        buf_done(&the.payload);
        return 0;
}
