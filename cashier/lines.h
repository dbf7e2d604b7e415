/*
 * lines - the decisions of all campaigns: one line for each that the directory tells of.
 */
#ifndef CASHIER_LINES_H
#define CASHIER_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "cashier/books.h"
#include "cashier/line.h"
#include "common/bus.h"

struct lines;

/* options: of each line, but for campaign and ordinal. Subscribes: call before uv_run. */
struct lines *lines_create(const struct line_options *options);
/* The subscription stays: destroy the bus next. NULL is allowed. */
void lines_destroy(struct lines *lines);

/* As in line.h, for all of them and those that are still to come. Takes the positions over. */
void lines_follow(struct lines *lines, struct books_position *positions, size_t count);
void lines_forget(struct lines *lines);
void lines_note(struct lines *lines, struct news *news);
void lines_noted(struct lines *lines);
void lines_resume(struct lines *lines);

/* The first one that stopped; NULL if none did. */
const struct line *lines_stopped(const struct lines *lines);
/* Everything that was there at the start has been told. */
bool lines_are_complete(const struct lines *lines);

#endif
