/*
 * audit_ledger - compares the bookings in PostgreSQL with those that the referee has.
 */
#ifndef CLI_AUDIT_LEDGER_H
#define CLI_AUDIT_LEDGER_H

#include <stdbool.h>

#include "cli/audit_report.h"
#include "cli/cli.h"
#include "cli/referee.h"

/* Waits up to wait_seconds until the ledger has come as far as the decisions that were read (so the
 * line should stand still meanwhile), then compares row by row. False, said on standard error, if the
 * database cannot be asked. */
bool audit_ledger_compare(const struct cli *cli, struct audit_report *report,
	const struct referee *referee, int wait_seconds);

#endif
