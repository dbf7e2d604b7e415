/*
 * scale - the axes of a picture: where a value is, which values are marked, and how they are written.
 *
 * Pure.
 */
#ifndef TESTS_LOAD_SCALE_H
#define TESTS_LOAD_SCALE_H

#include <stdbool.h>
#include <stddef.h>

#define SCALE_MARKS_MAX 12u
#define SCALE_LABEL_SIZE 32u

struct scale {
	double min; /* the value at from; above 0 where it is logarithmic */
	double max; /* the value at to; above min */
	double from;
	double to;
	bool is_logarithmic;
	double marks[SCALE_MARKS_MAX];
	size_t marks_count;
};

/* From 0 to a round value that is not below max, with about so many marks at round values. */
void scale_init_linear(struct scale *scale, double max, size_t marks);
/* From 0 to max itself, and no mark beyond it: for time. */
void scale_init_exact(struct scale *scale, double max, size_t marks);
/* Whole powers of ten around both values, a mark at each. */
void scale_init_logarithmic(struct scale *scale, double min, double max);

/* Where it is; what is outside is put to the end that it is nearer to. */
double scale_at(const struct scale *scale, double value);

/* "0", "250", "12 k", "1.5 M" */
void scale_label_count(char label[SCALE_LABEL_SIZE], double value);
/* Microseconds: "100 us" with the Greek letter, "10 ms", "1 s" */
void scale_label_us(char label[SCALE_LABEL_SIZE], double us);

#endif
