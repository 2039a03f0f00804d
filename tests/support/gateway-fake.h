#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A gateway that does what a test says, for system tests of the supervisor:
 * it speaks the same ipc, knows no clients and no servers, and can be as wrong
 * as a table of modes allows. One script line is one life of it.
 *
 *   MCPVISOR_FAKE_GATEWAY=FILE   line n names the modes of the n-th process ("no-pong",
 *                                "want fs 7 + crash-after 20"); the last line is for all
 *                                further ones; without it: normal. FILE.lives gets a line
 *                                "PID MODES" for each life.
 *   MCPVISOR_FAKE_CONTROL=PATH   a unix socket that takes the commands of
 *                                gateway-fake-control.c, each answered by "ok ..." or "no: WHY".
 *
 * `gateway-fake --modes` prints both tables.
 */

#include "base/loop.h"
#include "ipc/channel.h"
#include "ipc/notebook.h"
#include "ipc/scoreboard.h"
#include "ipc/token.h"

enum { FAKE_MODES = 8, FAKE_ROWS = 1024, FAKE_INSTANCES = 256, FAKE_LISTENERS = 32, FAKE_LINE = 512 };

typedef struct Fake Fake;

/* What a mode changes; any of them may be NULL. `args` is what stands behind its name. */
typedef struct FakeMode {
        const char *name, *args, *doc;
        /* Before the first message is read. */
        void (*begin)(Fake *f, const char *args);
        /* A message has come. True: that was all; nothing else is done about it. */
        bool (*received)(Fake *f, const IpcMessage *m, const char *args);
        /* What is usual has been done about a message. */
        void (*after)(Fake *f, const IpcMessage *m, const char *args);
        /* A message of ours leaves; it may be changed. False: it does not. */
        bool (*sending)(Fake *f, IpcType type, void *m, const char *args);
} FakeMode;

typedef struct FakeCommand {
        const char *name, *args, *doc;
        /* Appends what comes behind "ok", or gives false with the reason. */
        bool (*run)(Fake *f, Span args, Buf *answer);
} FakeCommand;

typedef struct FakeChosen {
        const FakeMode *mode;
        char args[FAKE_LINE];
} FakeChosen;

typedef struct FakeRow {
        uint32_t row;
        uint64_t generation;
        char name[SCORE_NAME];
} FakeRow;

typedef struct FakeInstance {
        bool used;
        IpcInstance id;
        uint64_t session;
        int fds[3]; /* owned: stdin, stdout, notebook */
} FakeInstance;

/* One that it was given; it accepts nothing. */
typedef struct FakeListener {
        bool used;
        IpcListener id;
        char address[256];
        size_t chain, key, client_ca; /* bytes of its certificate; 0: no TLS */
        int64_t expires;
} FakeListener;

struct Fake {
        Loop *loop;
        IpcChannel supervisor;
        int board_fd, control_fd; /* owned: from hello */
        Scoreboard *board;
        FakeChosen chosen[FAKE_MODES];
        size_t n_chosen;
        FakeRow rows[FAKE_ROWS];
        size_t n_rows;
        FakeInstance instances[FAKE_INSTANCES];
        FakeListener listeners[FAKE_LISTENERS];
        IpcToken *tokens; /* owned: of the last PREPARE */
        size_t n_tokens;
        uint64_t seen[_IPC_TYPE_MAX], messages;
        LoopSource commands; /* the listening end of MCPVISOR_FAKE_CONTROL */
        int commands_fd;
};

extern const FakeMode fake_modes[];       /* ends with one without a name */
extern const FakeCommand fake_commands[]; /* likewise */

/* NULL when there is none. */
const FakeRow *fake_row(const Fake *f, Span name);
FakeInstance *fake_instance(Fake *f, uint32_t row, uint32_t instance);

/* From now on also the mode "NAME [ARGUMENTS]"; false: there is none, or there are too many. */
bool fake_choose(Fake *f, Span text);

/* Through the modes and the channel. */
void fake_send(Fake *f, IpcType type, void *m, Span text);
/* Any bytes with any descriptors, past both; waits while the socket is full. False: it is closed. */
bool fake_send_raw(Fake *f, Span bytes, const int *fds, size_t n_fds);

/* MCPVISOR_FAKE_CONTROL, if it is set. */
int fake_commands_open(Fake *f) MUST_CHECK;
void fake_commands_close(Fake *f);
