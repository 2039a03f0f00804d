#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the test program `attacker` share: an attempt to get out
 * of a fence is a row of a table, which says what it must come to without a
 * fence and in each kind of fence. It knows nothing of mcpvisor: whom and
 * what it attacks is said by its caller, in the context.
 */

#include "base/macro.h"
#include "support/lookup.h"

#include <sys/syscall.h>

/* Whom an attempt needs to be to come to what `unfenced` says. */
typedef enum AttackAs {
        AS_ROOT,
        AS_UID, /* of the same uid as the processes that it attacks, and no privileges */
} AttackAs;

typedef struct AttackContext {
        Text json;         /* an object: names of places, processes and addresses */
        const char *self;  /* this executable */
        const int *own;    /* descriptors that are the runner's own, ends with -1 */
        pid_t parent;      /* of the runner: in a fence, its warden */
        uintptr_t zeros;   /* 4096 bytes of zeros that the kernel may read and write */
        const char *label; /* of the attempt: for names that must not be there yet */
} AttackContext;

enum { CALL_ARGS = 6 };

/* An outcome is "done", the name of an errno or of a signal, or "timeout"; several stand between blanks. */
typedef struct Attempt {
        const char *name;
        /* 0: done; an errno. Runs in a process of its own, which ends afterwards. */
        int (*run)(const AttackContext *c, const struct Attempt *a);
        const char *text, *other;      /* a word @NAME at their beginning is looked up in the context */
        long number;                   /* flags, a signal, a system call */
        uint64_t args[CALL_ARGS];      /* of a system call; ZEROS: AttackContext.zeros */
        const char *unfenced;          /* NULL: "done" */
        const char *standard;          /* NULL: "EPERM" */
        const char *strict, *rootless; /* NULL: as `standard` */
        const char *plain;             /* the same: a uid without namespaces */
        AttackAs as;                   /* for `unfenced` */
        const char *needs;             /* what a machine may lack: "cap:NAME", "file:PATH", "disk:"; in fences
                                          "landlock:ABI", "plain-landlock:ABI" */
        const char *note;              /* why it does no harm, or why it may be done */
} Attempt;

#define ZEROS UINT64_C(0x5a45524f535a4552)

typedef struct AttackTopic {
        const char *name;
        const Attempt *attempts; /* ends with a row without a name */
} AttackTopic;

extern const AttackTopic attack_topics[];

extern const Attempt attack_read[], attack_write[], attack_proc[], attack_device[], attack_process[],
        attack_signal[], attack_namespace[], attack_mount[], attack_kernel[], attack_socket[], attack_reach[],
        attack_self[], attack_abi[], attack_allowed[];

/* What an attempt's process ends with when it could not be tried: no errno is as high. */
enum { ATTACK_NO_CONTEXT = 250, ATTACK_BROKEN = 251 };

/* The text with its @NAME looked up, in memory that is kept. They end the process when it is not there. */
const char *attack_place(const AttackContext *c, const char *text);
long attack_number(const AttackContext *c, const char *name);
void attack_broken(void) __attribute__((noreturn));

/* Steps of more than one topic; each is a `run` too. */
int attack_open(const AttackContext *c,
                const Attempt *a); /* text; number: flags. Reads a byte when it can: ENODATA */
int attack_call(const AttackContext *c, const Attempt *a); /* number: system call, args */
int attack_child(int (*run)(const AttackContext *c, const Attempt *a), const AttackContext *c,
                 const Attempt *a);
/* 0, or its errno. */
int attack_result(long r);

/* A process that is attacked: holds a secret, and tells of each SIGURG. `shut`: as the daemon is, not
 * dumpable. */
int attack_victim(bool shut);
