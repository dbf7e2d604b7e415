/*
 * line - reads the decisions of one campaign, as far as money is concerned.
 *
 *	(known) ──position──▶ following ──▶ free        it opened without a price: for good
 *	   ▲                     │
 *	   └──── line_forget ────┼──▶ stopped     log and books do not belong together, or this program
 *	                         │                cannot read the log: loud, and for this campaign only
 *
 * The first decision read is the last one that is in the books: its digest must be the one that was
 * noted there. What is read becomes news; line_note adds how far.
 */
#ifndef CASHIER_LINE_H
#define CASHIER_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "cashier/books.h"
#include "cashier/news.h"
#include "common/bus.h"

struct line;

struct line_options {
	struct bus *bus;
	const struct news_names *names;
	const char *campaign; /* copied */
	uint32_t ordinal;
	/* Whom news are for: collects them, and is told that there are some. */
	struct news *(*collect)(void *owner);
	void (*on_news)(void *owner);
	void *owner;
};

struct line *line_create(const struct line_options *options);
void line_destroy(struct line *line);
const char *line_campaign(const struct line *line);

/* Whether the position is of this campaign, by id or by ordinal: both must be the same. */
bool line_is_at(const struct line *line, const struct books_position *position);
/* Reads from a position on; NULL: from the beginning. */
void line_follow(struct line *line, const struct books_position *position);
/* Reads no more, until line_follow. */
void line_forget(struct line *line);
/* A message on decided.<c>. */
void line_offer(struct line *line, const struct bus_message *message);
/* Adds the position to the news that were collected so far, if it moved. */
void line_note(struct line *line, struct news *news);
/* They are in the books. */
void line_noted(struct line *line);
/* There is room for news again. */
void line_resume(struct line *line);
/* Why it stopped, as a sentence; "" if it did not. */
const char *line_reason(const struct line *line);

#endif
