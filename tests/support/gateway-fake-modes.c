/* SPDX-License-Identifier: Apache-2.0 */
/* Each way in which a gateway can be wrong, and the table of them. */
#include "support/gateway-fake.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>

#include "base/parse.h"
#include "base/random.h"

static uint64_t number_of(const char *args)
{
        uint64_t n = 0;
        return parse_u64(span_of(args), &n) == 0 ? n : 0;
}

/* No handler, no exit code, no core file: gone between two instructions. */
static _Noreturn void crash(void)
{
        (void)kill(getpid(), SIGKILL);
        for (;;)
                (void)pause();
}

/* Signals end it by their defaults only. */
static _Noreturn void hang(void)
{
        for (;;)
                (void)pause();
}

#define SENT(m) span_from((const char *)&(m), sizeof(m))

/* ---- it does not do what it should ------------------------------------------- */

static void begin_silent(Fake *f UNUSED, const char *args UNUSED)
{
        hang();
}

static bool swallow_hello(Fake *f UNUSED, const IpcMessage *m, const char *args UNUSED)
{
        return m->header->type == IPC_HELLO;
}

static bool swallow_stop(Fake *f UNUSED, const IpcMessage *m, const char *args UNUSED)
{
        return m->header->type == IPC_STOP;
}

static bool swallow(Fake *f UNUSED, const IpcMessage *m, const char *args)
{
        return strcmp(ipc_type(m->header->type)->name, args) == 0;
}

static bool not_prepared(Fake *f UNUSED, IpcType type, void *m UNUSED, const char *args UNUSED)
{
        return type != IPC_PREPARED;
}

static bool not_ready(Fake *f UNUSED, IpcType type, void *m UNUSED, const char *args UNUSED)
{
        return type != IPC_INSTANCE_READY;
}

static bool not_drained(Fake *f UNUSED, IpcType type, void *m UNUSED, const char *args UNUSED)
{
        return type != IPC_DRAINED && type != IPC_ALL_DRAINED;
}

static bool no_pong(Fake *f UNUSED, IpcType type, void *m UNUSED, const char *args UNUSED)
{
        return type != IPC_PONG;
}

static void hang_after(Fake *f, const IpcMessage *m UNUSED, const char *args)
{
        if (f->messages >= number_of(args))
                hang();
}

static void crash_after(Fake *f, const IpcMessage *m UNUSED, const char *args)
{
        if (f->messages >= number_of(args))
                crash();
}

/* Before it does what is usual: an answer that was sent would count. */
static bool crash_on(Fake *f UNUSED, const IpcMessage *m, const char *args)
{
        if (strcmp(ipc_type(m->header->type)->name, args) == 0)
                crash();
        return false;
}

static void begin_exit(Fake *f UNUSED, const char *args)
{
        exit((int)number_of(args));
}

/* ---- it says no ---------------------------------------------------------------- */

static bool refuse_prepare(Fake *f, const IpcMessage *m, const char *args)
{
        if (m->header->type != IPC_PREPARE)
                return false;
        IpcConfig answer = *(const IpcConfig *)m->header;
        fake_send(f, IPC_REFUSED, &answer, args[0] ? span_of(args) : SPAN("the fake gateway refuses"));
        return true;
}

static bool fail_handshake(Fake *f, const IpcMessage *m, const char *args)
{
        if (m->header->type != IPC_INSTANCE_UP)
                return false;
        const IpcInstanceUp *up = (const IpcInstanceUp *)m->header;
        IpcInstanceFailed failed = {.row = up->row, .instance = up->instance, .generation = up->generation};
        fake_send(f, IPC_INSTANCE_FAILED, &failed,
                  args[0] ? span_of(args) : SPAN("the fake gateway says so"));
        return true;
}

/* ---- it says what is not so ------------------------------------------------------ */

static void want_after_commit(Fake *f, const IpcMessage *m, const char *args)
{
        Span name, rest = span_of(args);
        uint64_t session = 0;
        if (m->header->type != IPC_COMMIT || !span_next(&rest, ' ', &name))
                return;
        const FakeRow *row = fake_row(f, name);
        (void)!parse_u64(span_trim(rest), &session);
        if (row)
                fake_send(f, IPC_WANT,
                          &(IpcWant){.row = row->row, .row_generation = row->generation, .session = session},
                          SPAN_NONE);
}

static bool wrong_build(Fake *f UNUSED, IpcType type, void *m, const char *args UNUSED)
{
        if (type == IPC_UP)
                *(IpcUp *)m = (IpcUp){.build_id = "of-another-build"};
        return true;
}

/* All messages about an instance or a configuration name a generation that there is not. */
static bool wrong_generation(Fake *f UNUSED, IpcType type, void *m, const char *args UNUSED)
{
        static const struct {
                IpcType type;
                size_t offset;
        } rows[] = {
                {IPC_PREPARED, offsetof(IpcConfig, generation)},
                {IPC_INSTANCE_READY, offsetof(IpcInstanceReady, generation)},
                {IPC_DRAINED, offsetof(IpcInstance, generation)},
        };
        for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
                if (rows[i].type == type)
                        *(uint64_t *)(void *)((char *)m + rows[i].offset) += 1000;
        return true;
}

static bool wrong_row(Fake *f UNUSED, IpcType type, void *m, const char *args UNUSED)
{
        if (type == IPC_INSTANCE_READY)
                ((IpcInstanceReady *)m)->row = UINT32_MAX;
        if (type == IPC_DRAINED)
                ((IpcInstance *)m)->row = UINT32_MAX;
        return true;
}

static bool wrong_pong(Fake *f UNUSED, IpcType type, void *m, const char *args UNUSED)
{
        if (type == IPC_PONG)
                ((IpcPing *)m)->serial += 1000;
        return true;
}

/* Whatever can be said of an instance, when it is down. */
static void late_messages(Fake *f, const IpcMessage *m, const char *args UNUSED)
{
        const IpcInstanceDown *down = (const IpcInstanceDown *)m->header;
        if (m->header->type != IPC_INSTANCE_DOWN)
                return;
        const IpcInstance id = {.row = down->row, .instance = down->instance, .generation = down->generation};
        IpcInstanceReady ready = {.row = id.row,
                                  .instance = id.instance,
                                  .generation = id.generation,
                                  .protocol = "2025-11-25"};
        IpcInstanceFailed failed = {.row = id.row,
                                    .instance = id.instance,
                                    .generation = id.generation,
                                    .failure = IPC_FAILURE_UNRESPONSIVE};
        IpcRelease release = {.row = id.row, .instance = id.instance, .generation = id.generation};
        IpcInstance drained = id;
        fake_send(f, IPC_INSTANCE_READY, &ready, SPAN_NONE);
        fake_send(f, IPC_INSTANCE_FAILED, &failed, SPAN("late"));
        fake_send(f, IPC_RELEASE, &release, SPAN_NONE);
        fake_send(f, IPC_DRAINED, &drained, SPAN_NONE);
}

/* ---- it says what is no message: once hello is answered ---------------------------- */

static bool up_was_sent(const IpcMessage *m)
{
        return m->header->type == IPC_HELLO;
}

static void flood_garbage(Fake *f, const IpcMessage *m, const char *args)
{
        SeededRandom r;
        char bytes[8192];
        if (!up_was_sent(m))
                return;
        random_init_seed(&r, number_of(args));
        for (;;) {
                size_t n = 1 + random_below(&r.random, sizeof(bytes) - 1);
                for (size_t i = 0; i < n; i++)
                        bytes[i] = (char)random_next(&r.random);
                if (!fake_send_raw(f, span_from(bytes, n), NULL, 0))
                        exit(EXIT_SUCCESS);
        }
}

/* Each of them is legal, and none of them means anything. */
static void flood_valid(Fake *f, const IpcMessage *m, const char *args)
{
        SeededRandom r;
        if (!up_was_sent(m))
                return;
        random_init_seed(&r, number_of(args));
        for (bool open = true; open;) {
                uint32_t row = (uint32_t)random_next(&r.random);
                uint64_t other = random_next(&r.random);
                IpcPing pong = {{IPC_PONG, sizeof(pong)}, other};
                IpcWant want = {{IPC_WANT, sizeof(want)}, row, 0, other, other};
                IpcRelease release = {{IPC_RELEASE, sizeof(release)}, row, 0, other, 0, 0};
                IpcInstance drained = {{IPC_DRAINED, sizeof(drained)}, row, 0, other};
                open = fake_send_raw(f, SENT(pong), NULL, 0) && fake_send_raw(f, SENT(want), NULL, 0) &&
                       fake_send_raw(f, SENT(release), NULL, 0) && fake_send_raw(f, SENT(drained), NULL, 0);
        }
        exit(EXIT_SUCCESS);
}

static void wrong_sizes(Fake *f, const IpcMessage *m, const char *args)
{
        char bytes[sizeof(IpcPing) + 1] = {0};
        size_t n = args[0] ? number_of(args) : sizeof(bytes);
        if (!up_was_sent(m))
                return;
        *(IpcHeader *)(void *)bytes = (IpcHeader){IPC_PONG, (uint32_t)n};
        (void)fake_send_raw(f, span_from(bytes, MIN(n, sizeof(bytes))), NULL, 0);
}

static void wrong_fds(Fake *f, const IpcMessage *m, const char *args)
{
        IpcPing pong = {{IPC_PONG, sizeof(pong)}, 0};
        int fds[16] = {0};
        size_t n = args[0] ? number_of(args) : 1;
        if (up_was_sent(m))
                (void)fake_send_raw(f, SENT(pong), fds, MIN(n, ARRAY_SIZE(fds)));
}

static void wrong_words(Fake *f, const IpcMessage *m, const char *args UNUSED)
{
        IpcRelease release = {.header = {IPC_RELEASE, sizeof(release)}, .reason = _IPC_RELEASE_MAX};
        if (up_was_sent(m))
                (void)fake_send_raw(f, SENT(release), NULL, 0);
}

static void wrong_direction(Fake *f, const IpcMessage *m, const char *args UNUSED)
{
        IpcPlain stop = {{IPC_STOP, sizeof(stop)}};
        if (up_was_sent(m))
                (void)fake_send_raw(f, SENT(stop), NULL, 0);
}

/* ---- it lays hands on shared memory -------------------------------------------------- */

static void truncate_scoreboard(Fake *f, const IpcMessage *m, const char *args UNUSED)
{
        if (up_was_sent(m) && (ftruncate(f->board_fd, 0) == 0 || ftruncate(f->board_fd, 1L << 40) == 0))
                (void)fprintf(stderr, "gateway-fake: the scoreboard is not sealed\n");
}

/* Every byte of every row that is in use, its own cells and the supervisor's, once for each message. */
static void scribble_scoreboard(Fake *f, const IpcMessage *m UNUSED, const char *args)
{
        SeededRandom r;
        random_init_seed(&r, number_of(args) + f->messages);
        for (size_t i = 0; f->board && i < f->n_rows; i++) {
                char *bytes = (char *)scoreboard_server(f->board, f->rows[i].row);
                for (size_t k = 0; bytes && k < sizeof(ScoreServer); k++)
                        bytes[k] = (char)random_next(&r.random);
        }
}

static void scribble_notebooks(Fake *f, const IpcMessage *m, const char *args)
{
        SeededRandom r;
        random_init_seed(&r, number_of(args));
        if (m->header->type != IPC_INSTANCE_UP)
                return;
        for (size_t i = 0; i < FAKE_INSTANCES; i++) {
                Notebook *n = NULL;
                if (!f->instances[i].used || notebook_map(f->instances[i].fds[2], &n) < 0)
                        continue;
                for (size_t k = 0; k < NOTEBOOK_SIZE; k++)
                        ((char *)n)[k] = (char)random_next(&r.random);
                notebook_free(n);
        }
}

/* ---- the table ------------------------------------------------------------------------- */

const FakeMode fake_modes[] = {
        {"normal", "", "does what is usual", .begin = NULL},
        {"want", "NAME [SESSION]", "asks for an instance after each commit", .after = want_after_commit},
        {"exit", "STATUS", "exits before it reads anything", .begin = begin_exit},
        {"silent", "", "never reads anything", .begin = begin_silent},
        {"swallow", "TYPE", "does nothing about messages of that type", .received = swallow},
        {"never-up", "", "does not answer hello", .received = swallow_hello},
        {"wrong-build", "", "is of another build", .sending = wrong_build},
        {"never-prepared", "", "does not answer prepare", .sending = not_prepared},
        {"refuse-prepare", "[TEXT]", "refuses each configuration", .received = refuse_prepare},
        {"never-ready", "", "no instance gets ready", .sending = not_ready},
        {"fail-handshake", "[TEXT]", "each instance fails", .received = fail_handshake},
        {"never-drained", "", "answers no drain", .sending = not_drained},
        {"no-pong", "", "answers no ping", .sending = no_pong},
        {"wrong-pong", "", "answers each ping with another serial", .sending = wrong_pong},
        {"ignore-stop", "", "does not stop when told to", .received = swallow_stop},
        {"hang-after", "N", "does nothing any more after N messages", .after = hang_after},
        {"crash-after", "N", "is gone after N messages", .after = crash_after},
        {"crash-on", "TYPE", "is gone at a message of that type (PREPARE), which it does not answer",
         .received = crash_on},
        {"flood-garbage", "SEED", "sends random bytes for ever", .after = flood_garbage},
        {"flood-valid", "SEED", "sends legal messages for ever", .after = flood_valid},
        {"wrong-sizes", "[BYTES]", "sends a message of a wrong size", .after = wrong_sizes},
        {"wrong-fds", "[N]", "sends descriptors", .after = wrong_fds},
        {"wrong-words", "", "sends a word that is none", .after = wrong_words},
        {"wrong-direction", "", "sends what only the supervisor may say", .after = wrong_direction},
        {"wrong-generation", "", "names generations that there are not", .sending = wrong_generation},
        {"wrong-row", "", "names rows that there are not", .sending = wrong_row},
        {"late-messages", "", "speaks of instances that are down", .after = late_messages},
        {"truncate-scoreboard", "", "tries to change its size", .after = truncate_scoreboard},
        {"scribble-scoreboard", "SEED", "writes at random into rows in use", .after = scribble_scoreboard},
        {"scribble-notebooks", "SEED", "writes at random into notebooks", .after = scribble_notebooks},
        {0},
};
