#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For tests of the gateway as a process: it runs as a child of the test, which
 * is everything around it: the supervisor at its socket, the server at the
 * other end of the pipes, and clients at a unix listener. All that is waited
 * for has a deadline. One server, `fs`, in row `world.row`.
 */

#include "support/config.h"

#include "base/fd.h"
#include "ipc/channel.h"
#include "ipc/notebook.h"
#include "ipc/scoreboard.h"
#include "ipc/token.h"

enum { WORLD_PATIENCE = 20000 /* ms */, WORLD_LINE = 8192 };

/* One life of one instance: the test has both ends of its pipes, as the supervisor does. */
typedef struct Peer {
        int in, out;                 /* the server's: reads in, writes out */
        int in_gateway, out_gateway; /* our copies of the gateway's ends */
        int notebook_fd;
        Notebook *notebook;
        uint32_t instance;
        uint64_t generation, session;
        char line[WORLD_LINE]; /* the last that it read */
        unsigned long long id; /* of the last request that it read by peer_reads_request() */
} Peer;

typedef struct World {
        pid_t pid;
        int ipc, control; /* our ends */
        Scoreboard *board;
        uint32_t row;
        uint64_t row_generation;
        char message[sizeof(IpcHello) + IPC_TEXT_MAX]; /* the last one */
        Peer peer;                                     /* most tests need one */
        int listener;
        char address[32]; /* of the listener, an abstract name */
        size_t address_size;
        char session[80]; /* of the client that began last */
} World;

extern World world;

#define WORLD_YAML "servers: {fs: {command: x}}\nlimits: {max_line: 128K, max_stray: 5}\n"

/* ---- setups: a process; one that has heard hello; one with WORLD_YAML; one with a listener too ---- */

int world_setup_bare(void **state);
int world_setup_up(void **state);
int world_setup(void **state);
int world_setup_clients(void **state);
int world_teardown(void **state);

#define WORLD_TEST(f, setup) cmocka_unit_test_setup_teardown(f, setup, world_teardown)

/* ---- the supervisor ---- */

void tell_text(uint32_t type, void *m, Span text, const int *fds, size_t n_fds);
void tell(uint32_t type, void *m);
/* The next message, which is of that type and valid; it stays until the next one. */
const void *hear(uint32_t type);
/* Nothing has been said before the answer to this. */
void hear_nothing(void);
/* The same until a cell of the scoreboard has that value: the gateway has done what was asked of it. */
void hear_nothing_until(ScoreCell *cell, uint64_t value);
void say_hello(const char *build);
int blob_of(const char *yaml);
void tell_prepare(uint64_t generation, int blob, const IpcToken *tokens, size_t n);
void tell_server(uint64_t generation, const char *name);
/* Row, prepare, commit. */
void configure(uint64_t generation, const char *yaml);
void tell_state(uint32_t state, uint32_t goal);
int wait_exit(void);

/* ---- the server ---- */

void peer_open(Peer *p, uint32_t instance, uint64_t session);
void peer_close(Peer *p);
void peer_up(Peer *p, uint32_t flags);
void peer_down(Peer *p, const char *last_words);
/* The next line, without its end. */
const char *peer_reads(Peer *p);
void peer_reads_nothing(Peer *p);
void peer_reads_end(Peer *p);
void peer_writes(Peer *p, const char *text);
/* The same; @ stands for the id of the last request. */
void peer_says(Peer *p, const char *text);
/* Many bytes; false when nobody reads any more, and something was said instead. */
bool peer_writes_many(Peer *p, char c, size_t n);
/* The next line is a request of that method. */
void peer_reads_request(Peer *p, const char *method);
/* Answers the last request that it read. */
void peer_responds(Peer *p, const char *result);
/* Both. */
void peer_answers(Peer *p, const char *method, const char *result);
/* The handshake, up to INSTANCE_READY; capabilities: an object. */
void peer_greets(Peer *p, const char *capabilities);
void hear_ready(const Peer *p);
void hear_failed(const Peer *p, IpcFailure failure, const char *text);

/* ---- clients ---- */

/* Connected; sends a request with that body (NULL: none). */
int client_begins(const char *method, const char *path, const char *body);
/* A whole answer, and the end of the connection. */
const char *client_hears(int fd, const char *status_line);
/* initialize: the session is the one of the next requests. */
void client_greets(const char *path);
void client_asks(const char *path, const char *body, const char *status_line, const char *holds);
