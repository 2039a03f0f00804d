#pragma once
/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The supervisor: the role that owns every pid, every group, the listening
 * sockets, the configuration and the control socket, as PID 1 or elsewhere.
 * One thread, nothing blocks after start.
 */

#include "config/daemon.h"

int supervisor_main(const DaemonOptions *options);
