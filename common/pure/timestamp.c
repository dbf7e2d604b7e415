/*
 * timestamp - a day number and a time of day, to text and back.
 */
#include "common/pure/timestamp.h"

#define MS_PER_MINUTE INT64_C(60000)
#define MS_PER_DAY INT64_C(86400000)
#define MINUTES_PER_DAY 1440
#define OFFSET_MINUTES_MAX (MINUTES_PER_DAY - 1)

/* A date of the proleptic Gregorian calendar. */
struct date {
	int64_t year;
	int64_t month; /* 1 to 12 */
	int64_t day;   /* 1 to 31 */
};

/* Hinnant's algorithms count years from 1 March, so that the leap day is a year's last day, and days
 * in eras of 400 years, which all have the same length. */
#define DAYS_PER_ERA INT64_C(146097)
#define DAYS_FROM_ERA_TO_1970 INT64_C(719468)

static int64_t days_from_date(struct date date) {
	int64_t year = date.month <= 2 ? date.year - 1 : date.year;
	int64_t month_from_march = (date.month + 9) % 12;
	int64_t era = year / 400;
	int64_t year_of_era = year % 400;
	int64_t day_of_year = (153 * month_from_march + 2) / 5 + date.day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * DAYS_PER_ERA + day_of_era - DAYS_FROM_ERA_TO_1970;
}

static struct date date_from_days(int64_t days) {
	int64_t shifted = days + DAYS_FROM_ERA_TO_1970;
	int64_t era = shifted / DAYS_PER_ERA;
	int64_t day_of_era = shifted % DAYS_PER_ERA;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month_from_march = (5 * day_of_year + 2) / 153;
	int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
	return (struct date){
		.year = era * 400 + year_of_era + (month <= 2 ? 1 : 0),
		.month = month,
		.day = day_of_year - (153 * month_from_march + 2) / 5 + 1,
	};
}

static int64_t days_in_month(int64_t year, int64_t month) {
	if (month == 2) {
		bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
		return leap ? 29 : 28;
	}
	return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/* ---- to text ----------------------------------------------------------------------------------- */

static char *put_digits(char *target, int64_t value, int digits) {
	for (int i = digits - 1; i >= 0; i--) {
		target[i] = (char)('0' + value % 10);
		value /= 10;
	}
	return target + digits;
}

static char *put_field(char *target, char before, int64_t value, int digits) {
	*target = before;
	return put_digits(target + 1, value, digits);
}

void timestamp_append(struct text *text, int64_t time_ms, int offset_minutes) {
	if (time_ms < 0 || time_ms > TIMESTAMP_MS_MAX || offset_minutes < -OFFSET_MINUTES_MAX ||
		offset_minutes > OFFSET_MINUTES_MAX) {
		text->failed = true;
		return;
	}
	/* A day more and less, so that the division below is of a positive number for every offset. */
	int64_t local_ms = time_ms + offset_minutes * MS_PER_MINUTE + MS_PER_DAY;
	struct date date = date_from_days(local_ms / MS_PER_DAY - 1);
	int64_t ms_of_day = local_ms % MS_PER_DAY;
	if (date.year > 9999) { /* four digits are all that RFC 3339 has */
		text->failed = true;
		return;
	}

	char line[32];
	char *end = put_digits(line, date.year, 4);
	end = put_field(end, '-', date.month, 2);
	end = put_field(end, '-', date.day, 2);
	end = put_field(end, 'T', ms_of_day / 3600000, 2);
	end = put_field(end, ':', ms_of_day / 60000 % 60, 2);
	end = put_field(end, ':', ms_of_day / 1000 % 60, 2);
	end = put_field(end, '.', ms_of_day % 1000, 3);
	if (offset_minutes == 0) {
		*end++ = 'Z';
	} else {
		int magnitude = offset_minutes < 0 ? -offset_minutes : offset_minutes;
		end = put_field(end, offset_minutes < 0 ? '-' : '+', magnitude / 60, 2);
		end = put_field(end, ':', magnitude % 60, 2);
	}
	text_append_bytes(text, line, (size_t)(end - line));
}

/* ---- from text --------------------------------------------------------------------------------- */

/* What is left to read; failed once something was not as it has to be. */
struct cursor {
	const char *bytes;
	size_t left;
	bool failed;
};

static char next_char(struct cursor *cursor) {
	if (cursor->left == 0) {
		cursor->failed = true;
		return '\0';
	}
	cursor->left--;
	return *cursor->bytes++;
}

static void expect(struct cursor *cursor, char c) {
	if (next_char(cursor) != c) {
		cursor->failed = true;
	}
}

static int64_t take_number(struct cursor *cursor, int digits, int64_t min, int64_t max) {
	int64_t value = 0;
	for (int i = 0; i < digits; i++) {
		char c = next_char(cursor);
		if (c < '0' || c > '9') {
			cursor->failed = true;
			return min;
		}
		value = value * 10 + (c - '0');
	}
	if (value < min || value > max) {
		cursor->failed = true;
		return min;
	}
	return value;
}

static bool next_is_digit(const struct cursor *cursor) {
	return cursor->left > 0 && *cursor->bytes >= '0' && *cursor->bytes <= '9';
}

/* ".5" is 500 ms; digits after the third are cut off. */
static int64_t take_fraction_ms(struct cursor *cursor) {
	if (cursor->left == 0 || *cursor->bytes != '.') {
		return 0;
	}
	next_char(cursor);
	if (!next_is_digit(cursor)) {
		cursor->failed = true;
	}
	int64_t fraction_ms = 0;
	for (int64_t unit_ms = 100; next_is_digit(cursor); unit_ms /= 10) {
		fraction_ms += unit_ms * (next_char(cursor) - '0');
	}
	return fraction_ms;
}

static int64_t take_offset_minutes(struct cursor *cursor) {
	char sign = next_char(cursor);
	if (sign == 'Z' || sign == 'z') {
		return 0;
	}
	if (sign != '+' && sign != '-') {
		cursor->failed = true;
	}
	int64_t hours = take_number(cursor, 2, 0, 23);
	expect(cursor, ':');
	int64_t minutes = hours * 60 + take_number(cursor, 2, 0, 59);
	return sign == '-' ? -minutes : minutes;
}

bool timestamp_parse(const char *bytes, size_t size, int64_t *time_ms) {
	struct cursor cursor = {.bytes = bytes, .left = size};
	struct date date = {.year = take_number(&cursor, 4, 1969, 9999)};
	expect(&cursor, '-');
	date.month = take_number(&cursor, 2, 1, 12);
	expect(&cursor, '-');
	date.day = take_number(&cursor, 2, 1, days_in_month(date.year, date.month));
	char separator = next_char(&cursor);
	if (separator != 'T' && separator != 't') {
		cursor.failed = true;
	}
	int64_t minutes = take_number(&cursor, 2, 0, 23) * 60;
	expect(&cursor, ':');
	minutes += take_number(&cursor, 2, 0, 59);
	expect(&cursor, ':');
	int64_t second = take_number(&cursor, 2, 0, 60);
	int64_t fraction_ms = take_fraction_ms(&cursor);
	minutes += days_from_date(date) * MINUTES_PER_DAY - take_offset_minutes(&cursor);
	if (cursor.failed || cursor.left > 0) {
		return false;
	}

	if (second == 60) {
		/* Leap seconds end a day of UTC. */
		if (minutes % MINUTES_PER_DAY != MINUTES_PER_DAY - 1) {
			return false;
		}
		second = 59;
	}
	int64_t sum_ms = minutes * MS_PER_MINUTE + second * 1000 + fraction_ms;
	if (sum_ms < 0 || sum_ms > TIMESTAMP_MS_MAX) {
		return false;
	}
	*time_ms = sum_ms;
	return true;
}
