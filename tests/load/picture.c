#include "tests/load/picture.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/progress.h"
#include "common/pure/text.h"
#include "tests/load/scale.h"

#define WIDTH 960
#define LEFT 76
#define RIGHT (WIDTH - 28)
#define HEAD 112
#define PANEL 236
#define PLOT_TOP 40
#define PLOT_BOTTOM 200
#define LEGEND 196 /* where it begins, beside a panel's name */
#define MARKS_X 8
#define MARKS_Y 4
/* About as wide as a letter of the legend. */
#define LETTER 7
/* Of a path; with what stands beside it, it fills the width. */
#define PATH_BYTES_MAX 72u

/* The file while it is written, and where its next panel begins. */
struct canvas {
	FILE *file;
	const struct picture *picture;
	struct scale x; /* microseconds */
	int top;
};

/* A class says the colour; what is drawn with it says whether that fills or strokes. */
static const char style[] =
	"<style>"
	"text{font:13px system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;fill:#5d574c}"
	".title{font-size:21px;font-weight:600}.name{font-size:15px;font-weight:600}"
	".title,.name{fill:#23201b}"
	".number{font-variant-numeric:tabular-nums}"
	".ground{fill:#fffdf9;stroke:#e4ded2}.grid{stroke:#e9e4d9}.axis{stroke:#9b9384}"
	".area{fill:currentColor}.under{fill:currentColor;fill-opacity:.12}"
	".line{fill:none;stroke:currentColor;stroke-width:2;stroke-linejoin:round}"
	".booked,.in{color:#2a8a66}.again{color:#8fc7b0}.refused{color:#a39c8e}"
	".queued{color:#8b6fb8}.read{color:#4a84c4}.code{color:#8fb7e0}.later{color:#e3a93c}"
	".wrong{color:#7d1024}.failed{color:#cc4b37}"
	".p50{color:#8db4dd}.p99{color:#3f78b8}.p999{color:#1c3f6e}.left{color:#b4410e}"
	"@media (prefers-color-scheme:dark){"
	"text{fill:#a79f90}.title,.name{fill:#ece7dd}"
	".ground{fill:#1b1916;stroke:#38342d}.grid{stroke:#2d2a25}.axis{stroke:#6f685b}"
	".booked,.in{color:#3fae84}.again{color:#24604a}.refused{color:#6d675c}"
	".queued{color:#9b80cc}.read{color:#5b98d9}.code{color:#2f5784}.wrong{color:#ff8095}"
	".failed{color:#e2644f}"
	".p50{color:#3d6697}.p99{color:#6ea6e3}.p999{color:#cfe3fa}.left{color:#f2a065}"
	"}</style>\n";

static const struct {
	const char *class;
	const char *name;
} kinds[COUNTS_KINDS] = {
	[COUNTS_BOOKED] = {"booked", "booked"},
	[COUNTS_AGAIN] = {"again", "told the same again"},
	[COUNTS_REFUSED] = {"refused", "refused for good"},
	[COUNTS_QUEUED] = {"queued", "a ticket"},
	[COUNTS_READ] = {"read", "read"},
	[COUNTS_CODE_SENT] = {"code", "a code is sent"},
	[COUNTS_LOGGED_IN] = {"in", "logged in"},
	[COUNTS_LATER] = {"later", "come back later"},
	[COUNTS_WRONG] = {"wrong", "a contradiction"},
	[COUNTS_FAILED] = {"failed", "no answer"},
};

static const struct {
	const char *class;
	const char *name;
	double share;
} quantiles[] = {{"p50", "half", 0.5}, {"p99", "99 %", 0.99}, {"p999", "99.9 %", 0.999}};

#define QUANTILES (sizeof quantiles / sizeof quantiles[0])

static void escape(FILE *file, const char *text) {
	for (; *text != '\0'; text++) {
		if (*text == '&' || *text == '<' || *text == '>') {
			fprintf(file, "&#%d;", *text);
		} else {
			fputc(*text, file);
		}
	}
}

/* ---- what the run was ------------------------------------------------------------------------ */

static void write_count(FILE *file, uint64_t count, const char *what) {
	char bytes[SCALE_LABEL_SIZE];
	struct text number = text_init(bytes, sizeof bytes);
	progress_append_count(&number, count);
	fprintf(file, "%s%s", bytes, what);
}

static void write_what(FILE *file, const struct options *options) {
	fprintf(file, "%s: ", options_mode_name(options));
	if (options->rate > 0) {
		write_count(file, options->rate, " a second, ");
	}
	if (options->mode == MODE_RUSH) {
		write_count(file, options->people, " people, ");
	}
	write_count(file, options->connections, " connections");
}

static void write_where(FILE *file, const struct options *options) {
	if (options->get != NULL) {
		char path[PATH_BYTES_MAX + 1];
		bool is_long = strlen(options->get) > PATH_BYTES_MAX;
		snprintf(path, sizeof path, "%s", options->get);
		fputs("GET ", file);
		escape(file, path);
		fputs(is_long ? "...: " : ": ", file);
	} else if (options->mode != MODE_LOGIN) {
		fputs("campaign ", file);
		escape(file, options->campaign);
		fputs(": ", file);
	}
}

static void write_sums(FILE *file, const struct counts *counts) {
	double seconds = (double)counts->ended_us / 1e6;
	write_count(file, counts->answered, " answers in ");
	fprintf(file, "%.1f s, ", seconds);
	write_count(file, seconds > 0 ? (uint64_t)((double)counts->answered / seconds) : 0,
		" a second");
}

static void write_quantiles(FILE *file, const struct counts *counts) {
	char label[SCALE_LABEL_SIZE];
	for (size_t i = 0; i < QUANTILES; i++) {
		double us = (double)latency_quantile(&counts->from_due, quantiles[i].share);
		scale_label_us(label, us);
		fprintf(file, "%s%s within %s", i == 0 ? "" : ", ", quantiles[i].name, label);
	}
}

static void write_head(const struct canvas *canvas, int height) {
	FILE *file = canvas->file;
	fprintf(file,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" role=\"img\" "
		"aria-labelledby=\"title desc\">\n<title id=\"title\">",
		WIDTH, height);
	write_what(file, canvas->picture->options);
	fputs("</title>\n<desc id=\"desc\">Over time: answers a second by what they said, how "
	      "long they took, and the units that were left. ",
		file);
	write_where(file, canvas->picture->options);
	write_sums(file, canvas->picture->counts);
	fputs("; ", file);
	write_quantiles(file, canvas->picture->counts);
	fputs(".</desc>\n", file);
	fputs(style, file);
	fprintf(file,
		"<rect class=\"ground\" x=\".5\" y=\".5\" width=\"%d\" height=\"%d\" rx=\"14\"/>\n"
		"<text class=\"title\" x=\"28\" y=\"42\">",
		WIDTH - 1, height - 1);
	write_what(file, canvas->picture->options);
	fputs("</text>\n<text x=\"28\" y=\"66\">", file);
	write_where(file, canvas->picture->options);
	write_sums(file, canvas->picture->counts);
	fputs("</text>\n<text x=\"28\" y=\"86\">", file);
	write_quantiles(file, canvas->picture->counts);
	fputs("</text>\n", file);
}

/* ---- a panel --------------------------------------------------------------------------------- */

static double y_of(const struct canvas *canvas, const struct scale *scale, double value) {
	return canvas->top + scale_at(scale, value);
}

static void draw_grid(const struct canvas *canvas, const struct scale *y,
	void (*label_of)(char label[SCALE_LABEL_SIZE], double value)) {
	char label[SCALE_LABEL_SIZE];
	for (size_t i = 0; i < y->marks_count; i++) {
		double at = y_of(canvas, y, y->marks[i]);
		label_of(label, y->marks[i]);
		fprintf(canvas->file,
			"<path class=\"grid\" d=\"M%d %.1fH%d\"/><text class=\"number\" "
			"text-anchor=\"end\" x=\"%d\" y=\"%.1f\">%s</text>\n",
			LEFT, at, RIGHT, LEFT - 10, at + 4.5, label);
	}
}

static void draw_time(const struct canvas *canvas) {
	int bottom = canvas->top + PLOT_BOTTOM;
	fprintf(canvas->file, "<path class=\"axis\" d=\"M%d %dH%d\"/>\n", LEFT, bottom, RIGHT);
	for (size_t i = 0; i < canvas->x.marks_count; i++) {
		double seconds = canvas->x.marks[i] / 1e6;
		fprintf(canvas->file,
			"<path class=\"axis\" d=\"M%.1f %dv5\"/><text class=\"number\" "
			"text-anchor=\"middle\" x=\"%.1f\" y=\"%d\">%.4g s</text>\n",
			scale_at(&canvas->x, canvas->x.marks[i]), bottom,
			scale_at(&canvas->x, canvas->x.marks[i]), bottom + 20, seconds);
	}
}

static void draw_name(const struct canvas *canvas, const char *name) {
	fprintf(canvas->file, "<text class=\"name\" x=\"28\" y=\"%d\">%s</text>\n",
		canvas->top + 22, name);
}

/* Returns where the next one begins. */
static int draw_legend(const struct canvas *canvas, int x, const char *class, const char *name) {
	fprintf(canvas->file,
		"<rect class=\"area %s\" x=\"%d\" y=\"%d\" width=\"11\" height=\"11\" rx=\"3\"/>"
		"<text x=\"%d\" y=\"%d\">%s</text>\n",
		class, x, canvas->top + 12, x + 17, canvas->top + 22, name);
	return x + 17 + (int)strlen(name) * LETTER + 16;
}

static struct scale downwards(struct scale scale) {
	scale.from = PLOT_BOTTOM;
	scale.to = PLOT_TOP;
	return scale;
}

/* ---- what came of the questions -------------------------------------------------------------- */

/* The last slice is as long as the run was. */
static double seconds_of(const struct counts *counts, uint32_t slice) {
	int64_t left_us = counts->ended_us - (int64_t)slice * counts->slice_us;
	int64_t whole_us = counts->slice_us;
	int64_t least_us = whole_us / 4;
	int64_t us = left_us > whole_us ? whole_us : left_us < least_us ? least_us : left_us;
	return (double)us / 1e6;
}

/* How many a second of this kind and all kinds before it. */
static double rate_up_to(const struct counts *counts, uint32_t slice, unsigned kind) {
	uint64_t sum = 0;
	for (unsigned i = 0; i <= kind; i++) {
		sum += counts->slices[slice].kinds[i];
	}
	return (double)sum / seconds_of(counts, slice);
}

/* From the last kind to the first: each covers the lower part of the one before. */
static void draw_kinds(const struct canvas *canvas, const struct scale *y) {
	const struct counts *counts = canvas->picture->counts;
	uint32_t used = counts_slices_used(counts);
	for (unsigned kind = COUNTS_KINDS; kind-- > 0;) {
		if (counts->kinds[kind] == 0) {
			continue;
		}
		fprintf(canvas->file, "<path class=\"area %s\" d=\"M%d %d", kinds[kind].class, LEFT,
			canvas->top + PLOT_BOTTOM);
		for (uint32_t i = 0; i < used; i++) {
			double end_us = (double)(i + 1) * (double)counts->slice_us;
			fprintf(canvas->file, "V%.1fH%.1f",
				y_of(canvas, y, rate_up_to(counts, i, kind)),
				scale_at(&canvas->x, end_us));
		}
		fprintf(canvas->file, "V%dz\"/>\n", canvas->top + PLOT_BOTTOM);
	}
}

static void draw_answers(const struct canvas *canvas) {
	const struct counts *counts = canvas->picture->counts;
	struct scale y;
	double highest = 0;
	int x = LEGEND;
	for (uint32_t i = 0; i < counts_slices_used(counts); i++) {
		double rate = rate_up_to(counts, i, COUNTS_KINDS - 1);
		highest = rate > highest ? rate : highest;
	}
	scale_init_linear(&y, highest, MARKS_Y);
	y = downwards(y);
	draw_name(canvas, "Answers a second");
	for (unsigned kind = 0; kind < COUNTS_KINDS; kind++) {
		if (counts->kinds[kind] > 0) {
			x = draw_legend(canvas, x, kinds[kind].class, kinds[kind].name);
		}
	}
	draw_grid(canvas, &y, scale_label_count);
	draw_kinds(canvas, &y);
	draw_time(canvas);
}

/* ---- how long they took ---------------------------------------------------------------------- */

/* Slices without an answer break the line. */
static void draw_quantile(const struct canvas *canvas, const struct scale *y, size_t quantile) {
	const struct counts *counts = canvas->picture->counts;
	char command = 'M';
	fprintf(canvas->file, "<path class=\"line %s\" d=\"", quantiles[quantile].class);
	for (uint32_t i = 0; i < counts_slices_used(counts); i++) {
		const struct latency *latency = &counts->slices[i].latency;
		double us = (double)latency_quantile(latency, quantiles[quantile].share);
		double middle_us = ((double)i + 0.5) * (double)counts->slice_us;
		if (latency->count == 0) {
			command = 'M';
			continue;
		}
		fprintf(canvas->file, "%c%.1f %.1f", command, scale_at(&canvas->x, middle_us),
			y_of(canvas, y, us));
		command = 'L';
	}
	fputs("\"/>\n", canvas->file);
}

static void draw_latency(const struct canvas *canvas) {
	const struct counts *counts = canvas->picture->counts;
	double lowest = 1e12;
	double highest = 1;
	int x = LEGEND;
	struct scale y;
	for (uint32_t i = 0; i < counts_slices_used(counts); i++) {
		const struct latency *latency = &counts->slices[i].latency;
		double low = (double)latency_quantile(latency, quantiles[0].share);
		double high = (double)latency_quantile(latency, quantiles[QUANTILES - 1].share);
		lowest = latency->count > 0 && low < lowest ? low : lowest;
		highest = high > highest ? high : highest;
	}
	scale_init_logarithmic(&y, lowest < highest ? lowest : highest, highest);
	y = downwards(y);
	draw_name(canvas, "Answered within");
	for (size_t i = 0; i < QUANTILES; i++) {
		x = draw_legend(canvas, x, quantiles[i].class, quantiles[i].name);
	}
	draw_grid(canvas, &y, scale_label_us);
	for (size_t i = 0; i < QUANTILES; i++) {
		draw_quantile(canvas, &y, i);
	}
	draw_time(canvas);
}

/* ---- what was left --------------------------------------------------------------------------- */

static void draw_looks(const struct canvas *canvas, const struct scale *y) {
	const struct watch *watch = canvas->picture->watch;
	for (uint32_t i = 0; i < watch->count; i++) {
		fprintf(canvas->file, "%c%.1f %.1f", i == 0 ? 'M' : 'L',
			scale_at(&canvas->x, (double)watch->looks[i].at_us),
			y_of(canvas, y, (double)watch->looks[i].left));
	}
}

static void draw_left(const struct canvas *canvas) {
	const struct watch *watch = canvas->picture->watch;
	int bottom = canvas->top + PLOT_BOTTOM;
	struct scale y;
	scale_init_linear(&y, (double)watch->looks[0].left, MARKS_Y);
	y = downwards(y);
	draw_name(canvas, "Units left");
	draw_grid(canvas, &y, scale_label_count);
	fputs("<path class=\"under left\" d=\"", canvas->file);
	draw_looks(canvas, &y);
	fprintf(canvas->file, "V%dH%.1fz\"/>\n<path class=\"line left\" d=\"", bottom,
		scale_at(&canvas->x, (double)watch->looks[0].at_us));
	draw_looks(canvas, &y);
	fputs("\"/>\n", canvas->file);
	draw_time(canvas);
}

/* ---- all of it ------------------------------------------------------------------------------- */

static void draw(struct canvas *canvas) {
	const struct counts *counts = canvas->picture->counts;
	bool was_watched = canvas->picture->watch->count > 1;
	scale_init_exact(&canvas->x, (double)counts->ended_us, MARKS_X);
	canvas->x.from = LEFT;
	canvas->x.to = RIGHT;
	write_head(canvas, HEAD + (was_watched ? 3 : 2) * PANEL);
	canvas->top = HEAD;
	draw_answers(canvas);
	canvas->top += PANEL;
	draw_latency(canvas);
	canvas->top += PANEL;
	if (was_watched) {
		draw_left(canvas);
	}
	fputs("</svg>\n", canvas->file);
}

bool picture_write(const struct picture *picture, const char *path) {
	struct canvas canvas = {.file = fopen(path, "w"), .picture = picture};
	bool done = canvas.file != NULL;
	if (done) {
		draw(&canvas);
		done = !ferror(canvas.file);
		done = fclose(canvas.file) == 0 && done;
	}
	if (!done) {
		fprintf(stderr, "load: the picture %s could not be written: %s\n", path,
			strerror(errno));
	}
	return done;
}
