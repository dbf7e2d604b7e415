#include "cli/table.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/memory.h"
void table_init(struct table *table, size_t columns_count) {
	assert(columns_count >= 1);
	assert(columns_count <= TABLE_COLUMNS_MAX);
	*table = (struct table){.columns_count = columns_count};
}

void table_finish(struct table *table) {
	for (size_t i = 0; i < table->cells_count; i++) {
		free(table->cells[i]);
	}
	free(table->cells);
	*table = (struct table){0};
}

void table_add(struct table *table, const char *const *cells) {
	if (table->capacity - table->cells_count < table->columns_count) {
		table->capacity = (table->capacity + table->columns_count) * 2;
		table->cells = realloc(table->cells, table->capacity * sizeof(table->cells[0]));
		assert(table->cells != NULL);
	}
	for (size_t i = 0; i < table->columns_count; i++) {
		table->cells[table->cells_count++] = memory_copy_string(cells[i]);
	}
}

void table_print(const struct table *table) {
	size_t widths[TABLE_COLUMNS_MAX] = {0};
	for (size_t i = 0; i < table->cells_count; i++) {
		size_t size = strlen(table->cells[i]);
		size_t *width = &widths[i % table->columns_count];
		*width = size > *width ? size : *width;
	}
	for (size_t i = 0; i < table->cells_count; i++) {
		size_t column = i % table->columns_count;
		if (column + 1 == table->columns_count) {
			printf("%s\n", table->cells[i]);
		} else {
			printf("%-*s  ", (int)widths[column], table->cells[i]);
		}
	}
}
