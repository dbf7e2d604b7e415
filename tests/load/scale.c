#include "tests/load/scale.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

/* The least of 1, 2 and 5 times a power of ten that is not below it. */
static double round_up(double value) {
	static const double factors[] = {1, 2, 5, 10};
	double power = pow(10, floor(log10(value)));
	size_t i = 0;
	while (i < 3 && factors[i] * power < value * (1 - 1e-9)) {
		i++;
	}
	return factors[i] * power;
}

static void add_marks(struct scale *scale, double step) {
	scale->marks_count = 0;
	for (size_t i = 0; i < SCALE_MARKS_MAX && (double)i * step <= scale->max * (1 + 1e-9);
		i++) {
		scale->marks[scale->marks_count++] = (double)i * step;
	}
}

void scale_init_exact(struct scale *scale, double max, size_t marks) {
	assert(marks > 0);
	*scale = (struct scale){.max = max > 0 ? max : 1};
	add_marks(scale, round_up(scale->max / (double)marks));
}

void scale_init_linear(struct scale *scale, double max, size_t marks) {
	assert(marks > 0);
	double at_least = max > 0 ? max : 1;
	double step = round_up(at_least / (double)marks);
	*scale = (struct scale){.max = ceil(at_least / step * (1 - 1e-9)) * step};
	add_marks(scale, step);
}

void scale_init_logarithmic(struct scale *scale, double min, double max) {
	double low = floor(log10(min > 0 ? min : 1));
	double high = ceil(log10(max > 0 ? max : 1));
	high = high > low ? high : low + 1;
	*scale = (struct scale){.min = pow(10, low), .max = pow(10, high), .is_logarithmic = true};
	for (double power = low; power <= high && scale->marks_count < SCALE_MARKS_MAX; power++) {
		scale->marks[scale->marks_count++] = pow(10, power);
	}
}

double scale_at(const struct scale *scale, double value) {
	double within = value < scale->min ? scale->min : value > scale->max ? scale->max : value;
	double share = scale->is_logarithmic
			       ? log(within / scale->min) / log(scale->max / scale->min)
			       : (within - scale->min) / (scale->max - scale->min);
	return scale->from + share * (scale->to - scale->from);
}

void scale_label_count(char label[SCALE_LABEL_SIZE], double value) {
	if (value < 1000) {
		snprintf(label, SCALE_LABEL_SIZE, "%.3g", value);
	} else if (value < 1e6) {
		snprintf(label, SCALE_LABEL_SIZE, "%.4g k", value / 1e3);
	} else {
		snprintf(label, SCALE_LABEL_SIZE, "%.4g M", value / 1e6);
	}
}

void scale_label_us(char label[SCALE_LABEL_SIZE], double us) {
	if (us < 1000) {
		snprintf(label, SCALE_LABEL_SIZE, "%.3g \xc2\xb5s", us);
	} else if (us < 1e6) {
		snprintf(label, SCALE_LABEL_SIZE, "%.3g ms", us / 1e3);
	} else {
		snprintf(label, SCALE_LABEL_SIZE, "%.3g s", us / 1e6);
	}
}
