#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Functions that this tree does not use, each with the reason in the name
 * that the compiler prints. Included from base/macro.h, so everywhere.
 * A system header may declare them: the poison is on the use only.
 */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>
#include <signal.h>

#define BANNED(func, instead) banned_##func##_use_##instead

#undef strcpy
#define strcpy(d, s) BANNED(strcpy, memcpy)
#undef strcat
#define strcat(d, s) BANNED(strcat, buf_append)
#undef strncpy
#define strncpy(d, s, n) BANNED(strncpy, memcpy)
#undef strncat
#define strncat(d, s, n) BANNED(strncat, buf_append)
#undef strtok
#define strtok(s, d) BANNED(strtok, span)
#undef sprintf
#define sprintf(...) BANNED(sprintf, snprintf_or_buf_appendf)
#undef vsprintf
#define vsprintf(...) BANNED(vsprintf, vsnprintf)
#undef gets
#define gets(s) BANNED(gets, fd_read)
#undef atoi
#define atoi(s) BANNED(atoi, parse_u64)
#undef atol
#define atol(s) BANNED(atol, parse_u64)
#undef atoll
#define atoll(s) BANNED(atoll, parse_u64)
#undef atof
#define atof(s) BANNED(atof, parse_ratio)
#undef system
#define system(c) BANNED(system, spawn)
#undef popen
#define popen(c, m) BANNED(popen, spawn)
#undef signal
#define signal(n, h) BANNED(signal, sigaction)
#undef alloca
#define alloca(n) BANNED(alloca, arena_or_buf)
#undef gmtime
#define gmtime(t) BANNED(gmtime, gmtime_r)
#undef localtime
#define localtime(t) BANNED(localtime, localtime_r)
#undef asctime
#define asctime(t) BANNED(asctime, strftime)
#undef ctime
#define ctime(t) BANNED(ctime, strftime)
#undef setenv
#define setenv(n, v, o) BANNED(setenv, envp)
#undef putenv
#define putenv(s) BANNED(putenv, envp)
#undef sleep
#define sleep(n) BANNED(sleep, an_event)
#undef usleep
#define usleep(n) BANNED(usleep, an_event)
