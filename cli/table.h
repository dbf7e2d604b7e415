/*
 * table - rows of text in columns that line up; the last column may be of any width.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stddef.h>

#define TABLE_COLUMNS_MAX 8u

struct table {
	size_t columns_count;
	char **cells; /* owned copies, row by row */
	size_t cells_count;
	size_t capacity;
};

void table_init(struct table *table, size_t columns_count);
void table_finish(struct table *table);
/* Adds a row: as many strings as there are columns. The first row is the heading. */
void table_add(struct table *table, const char *const *cells);
/* Prints to standard output. */
void table_print(const struct table *table);

#endif
