/* The time limit of a command. */
#ifndef LAZARET_CMD_ALARM_H
#define LAZARET_CMD_ALARM_H

#include "cmd/command.h"

/* Reads --timeout and sets the alarm: when it rings the process says so and exits with EXIT_FAILED. ERR_INVALID for what is no
 * duration. */
int alarm_start(const struct args *a, struct err *e);

#endif
