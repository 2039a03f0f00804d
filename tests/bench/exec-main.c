/* SPDX-License-Identifier: Apache-2.0 */
/*
 * exec-main PROGRAM...: how long each program takes from execve to
 * the first instruction of main, and how much private memory it has dirtied
 * by then. A breakpoint is set at main while the tracee stands in its exec
 * stop; the time that this takes is not counted. Prints a table.
 */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/macro.h"

enum { RUNS = 200 };

#if defined(__x86_64__)
#define BREAK_MASK 0xffUL
#define BREAK_CODE 0xccUL /* int3 */
#elif defined(__aarch64__)
#define BREAK_MASK 0xffffffffUL
#define BREAK_CODE 0xd4200000UL /* brk #0 */
#else
#define BREAK_MASK 0UL
#define BREAK_CODE 0UL
#endif

typedef struct Program {
        const char *path;
        uintptr_t main; /* its address in the file's own numbering */
        bool moves;     /* position independent: the kernel picks where it starts */
} Program;

typedef struct Sample {
        double ms;
        long dirty_kib;
} Sample;

static const struct {
        const char *name;
        double ms;
} goals[] = {
        {"mcpvisor-exec", 1.0},
        {"mcpvisor", 2.5},
};

static double now_ms(void)
{
        struct timespec ts;
        clock_gettime(CLOCK_MONOTONIC, &ts);
        return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static const ElfW(Shdr) * find_symtab(const ElfW(Ehdr) * elf)
{
        const ElfW(Shdr) *sections = (const void *)((const char *)elf + elf->e_shoff);
        for (unsigned i = 0; i < elf->e_shnum; i++)
                if (sections[i].sh_type == SHT_SYMTAB)
                        return sections + i;
        return NULL;
}

/* The file is our own build's, so its offsets are believed. */
static int find_main(const ElfW(Ehdr) * elf, uintptr_t *ret)
{
        const ElfW(Shdr) *sections = (const void *)((const char *)elf + elf->e_shoff);
        const ElfW(Shdr) *symtab = find_symtab(elf);
        if (!symtab)
                return -ENODATA;
        const ElfW(Sym) *symbols = (const void *)((const char *)elf + symtab->sh_offset);
        const char *names = (const char *)elf + sections[symtab->sh_link].sh_offset;
        for (size_t i = 0; i < symtab->sh_size / sizeof(*symbols); i++)
                if (symbols[i].st_value && strcmp(names + symbols[i].st_name, "main") == 0) {
                        *ret = symbols[i].st_value;
                        return 0;
                }
        return -ENODATA;
}

static int program_load(Program *p)
{
        int fd = open(p->path, O_RDONLY | O_CLOEXEC);
        if (fd < 0)
                return -errno;
        struct stat st;
        int r = fstat(fd, &st) < 0 ? -errno : 0;
        void *map = r ? MAP_FAILED : mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
        close(fd);
        if (map == MAP_FAILED)
                return r ? r : -errno;
        const ElfW(Ehdr) *elf = map;
        if ((size_t)st.st_size < sizeof(*elf) || memcmp(elf->e_ident, ELFMAG, SELFMAG) != 0)
                r = -ENOEXEC;
        else
                r = find_main(elf, &p->main);
        p->moves = r == 0 && elf->e_type == ET_DYN;
        munmap(map, (size_t)st.st_size);
        return r;
}

/* The first mapping of the tracee is the program itself: its lowest address is the load base. */
static int load_base(pid_t pid, uintptr_t *ret)
{
        char path[64];
        snprintf(path, sizeof(path), "/proc/%d/maps", pid);
        FILE *f = fopen(path, "re");
        if (!f)
                return -errno;
        int r = fscanf(f, "%lx-", ret) == 1 ? 0 : -EIO;
        fclose(f);
        return r;
}

/* Anonymous counts what this process alone has written. Private_Dirty would also count pages of a
 * file that was just built and is not on the disk yet. */
static int private_dirty(pid_t pid, long *ret_kib)
{
        char path[64], line[256];
        snprintf(path, sizeof(path), "/proc/%d/smaps_rollup", pid);
        FILE *f = fopen(path, "re");
        if (!f)
                return -errno;
        int r = -EIO;
        while (r < 0 && fgets(line, sizeof(line), f))
                if (sscanf(line, "Anonymous: %ld kB", ret_kib) == 1)
                        r = 0;
        fclose(f);
        return r;
}

static int wait_trap(pid_t pid)
{
        int status;
        if (waitpid(pid, &status, 0) < 0)
                return -errno;
        return WIFSTOPPED(status) && (WSTOPSIG(status) == SIGTRAP || WSTOPSIG(status) == SIGSTOP) ? 0
                                                                                                  : -ECHILD;
}

static int set_breakpoint(pid_t pid, const Program *p)
{
        uintptr_t base = 0;
        int r = p->moves ? load_base(pid, &base) : 0;
        if (r < 0)
                return r;
        void *at = (void *)(base + p->main);
        errno = 0;
        unsigned long word = (unsigned long)ptrace(PTRACE_PEEKTEXT, pid, at, NULL);
        if (errno)
                return -errno;
        word = (word & ~BREAK_MASK) | BREAK_CODE;
        return ptrace(PTRACE_POKETEXT, pid, at, (void *)word) < 0 ? -errno : 0;
}

_Noreturn static void child(const Program *p)
{
        if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) == 0 && raise(SIGSTOP) == 0)
                execl(p->path, p->path, "--version", (char *)NULL);
        _exit(127);
}

/* From the stop before execve to the stop at main, less the time between resumes. */
static int trace(pid_t pid, const Program *p, Sample *ret)
{
        int r = wait_trap(pid);
        if (r < 0)
                return r;
        double start = now_ms();
        ptrace(PTRACE_CONT, pid, NULL, NULL);
        if ((r = wait_trap(pid)) < 0)
                return r;
        double in_exec = now_ms() - start;
        if ((r = set_breakpoint(pid, p)) < 0)
                return r;
        start = now_ms();
        ptrace(PTRACE_CONT, pid, NULL, NULL);
        if ((r = wait_trap(pid)) < 0)
                return r;
        ret->ms = in_exec + now_ms() - start;
        r = private_dirty(pid, &ret->dirty_kib);
        ret->dirty_kib -= sysconf(_SC_PAGESIZE) / 1024; /* the page that holds our breakpoint */
        return r;
}

static int sample(const Program *p, Sample *ret)
{
        pid_t pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                child(p);
        int r = trace(pid, p, ret);
        kill(pid, SIGKILL);
        while (waitpid(pid, NULL, 0) == pid)
                ;
        return r;
}

static int by_ms(const void *a, const void *b)
{
        double x = ((const Sample *)a)->ms, y = ((const Sample *)b)->ms;
        return (x > y) - (x < y);
}

static int measure(const Program *p)
{
        static Sample samples[RUNS];
        for (size_t i = 0; i < RUNS; i++) {
                int r = sample(p, samples + i);
                if (r < 0)
                        return r;
        }
        long dirty = samples[RUNS - 1].dirty_kib;
        qsort(samples, RUNS, sizeof(*samples), by_ms);
        double median = samples[RUNS / 2].ms;
        const char *name = strrchr(p->path, '/') ? strrchr(p->path, '/') + 1 : p->path;
        printf("%-20s %9.3f %9.3f %11ld", name, median, samples[RUNS * 99 / 100].ms, dirty);
        for (size_t i = 0; i < ARRAY_SIZE(goals); i++)
                if (strcmp(goals[i].name, name) == 0)
                        printf("   goal %.1f ms: %s", goals[i].ms, median <= goals[i].ms ? "met" : "missed");
        printf("\n");
        return 0;
}

static int run(const char *path)
{
        Program p = {.path = path};
        int r = program_load(&p);
        if (r < 0) {
                fprintf(stderr, "exec-main: %s: no address of main: %s\n", path, strerror(-r));
                return r;
        }
        r = measure(&p);
        if (r < 0)
                fprintf(stderr, "exec-main: %s: %s\n", path, strerror(-r));
        return r;
}

int main(int argc, char **argv)
{
        if (BREAK_MASK == 0) {
                fprintf(stderr, "exec-main: no breakpoint is known for this kind of processor\n");
                return 77;
        }
        int failed = argc < 2;
        printf("%-20s %9s %9s %11s   (exec to main, %d runs)\n", "program", "median ms", "p99 ms",
               "dirty KiB", RUNS);
        fflush(stdout);
        for (int i = 1; i < argc; i++)
                failed |= run(argv[i]) < 0;
        return failed;
}
