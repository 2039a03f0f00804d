#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One process tree of a server: warden, leader and whatever they start, its
 * group, our ends of its pipes, its notebook. Knows how to signal and end it
 * with what the kernel offers, and when nothing of it is left. Decides
 * nothing: an instance does.
 */

#include "ipc/notebook.h"
#include "spawn/cgroup.h"
#include "spawn/spawn.h"
#include "supervisor/child-log.h"
#include "supervisor/reaper.h"

typedef struct Tree Tree;
struct Supervisor;

typedef struct TreeOps {
        void (*execed)(Tree *t);
        void (*exec_failed)(Tree *t, const StepError *error);
        /* `how` is NULL when the warden died without a word. */
        void (*leader_exited)(Tree *t, const SpawnReport *how);
        /* Nothing is left. Frees it, or keeps it. */
        void (*empty)(Tree *t);
        void (*log_line)(Tree *t);
} TreeOps;

struct Tree {
        struct Supervisor *sup; /* borrowed: outlives us */
        const TreeOps *ops;     /* borrowed: a table */
        void *owner;            /* an Instance, or NULL when it was left to itself */
        uint64_t generation;
        pid_t warden, leader; /* leader: 0 until it is known */
        int pidfd;            /* owned */
        SpawnTree kind;
        bool pidns;
        ReaperChild child;
        LoopSource status;
        int status_fd; /* owned */
        Cgroup group;
        LoopSource group_source;
        int stdin_fd, stdout_fd, notebook_fd; /* owned; stdin -1: closed */
        ChildLog log;
        bool log_open;
        Timer kill_timer; /* KILL is said again until it has worked */
        Nsec kill_every;
        Nsec spawned_at, execed_at;
        bool execed, leader_told, warden_gone, empty_told, killed;
        LoopGone gone;
};

typedef struct TreeArgs {
        const ServerConfig *config;
        ServerLog *log;
        RedactSet *secrets;
        const char *group; /* its name below our group */
        uint64_t generation, instance;
        void *owner;
} TreeArgs;

/* On failure *ret_error says where; nothing is left. */
int tree_spawn(struct Supervisor *sup, const TreeOps *ops, const TreeArgs *args, Tree **ret,
               StepError *ret_error) MUST_CHECK;
/* Its processes are gone, or it is given up at the end of everything. */
void tree_free(Tree *t);

void tree_close_stdin(Tree *t);
/* TERM and CONT to all of it. */
void tree_term(Tree *t);
/* The same, and KILL after a while. */
void tree_sweep(Tree *t);
/* The end of all of it. */
void tree_kill(Tree *t);
bool tree_is_empty(const Tree *t);
/* Has the gateway finished the handshake with it? */
bool tree_initialized(const Tree *t);
/* Where in the kernel its processes hang, for a message. */
void tree_wchan(const Tree *t, char *buf, size_t size);
/* Is this its warden or its leader? */
bool tree_is_led_by(const Tree *t, pid_t pid);
