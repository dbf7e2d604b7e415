/*
 * notice - pure: which notices still hold, and how numbers and times are written for people.
 */
#include "notifier/notice.h"

#include <inttypes.h>
#include <stdio.h>

#include "common/pure/text.h"
#include "common/pure/timestamp.h"

bool notice_is_true(const struct notice *notice) {
	enum booking_status status = notice->status;
	switch (notice->template) {
	case TEMPLATE_BOOKED:
		return status == BOOKING_BOOKED;
	case TEMPLATE_HELD:
		return status == BOOKING_HELD;
	case TEMPLATE_WAITLISTED:
		return status == BOOKING_WAITING;
	case TEMPLATE_PROMOTED:
		return status == BOOKING_BOOKED || status == BOOKING_HELD;
	case TEMPLATE_RELEASED:
		return status == BOOKING_RELEASED || status == BOOKING_REFUND_DUE;
	case TEMPLATE_CANCELLED:
		return status == BOOKING_CANCELLED;
	case TEMPLATE_CODE:
	case TEMPLATE_COUNT:
		break;
	}
	return false;
}

/* "22 Nov 2026, 16:05", cut from the RFC 3339 form so that calendars stay in one place. */
static void write_time(
	char *target, size_t size, enum language language, int64_t time_ms, int offset_minutes) {
	char iso[40];
	struct text stamp = text_init(iso, sizeof iso);
	timestamp_append(&stamp, time_ms, offset_minutes);
	int month = (iso[5] - '0') * 10 + (iso[6] - '0');
	const char *day = iso[8] == '0' ? iso + 9 : iso + 8;
	snprintf(target, size, "%.*s %s %.4s, %.5s", (int)(iso + 10 - day), day,
		texts_of(language)->months[month - 1], iso, iso + 11);
}

static void write_offset(char target[16], int minutes) {
	int size = minutes < 0 ? -minutes : minutes;
	snprintf(target, 16, "UTC%c%02d:%02d", minutes < 0 ? '-' : '+', size / 60 % 24, size % 60);
}

static void write_words(struct notice_words *words, enum language language,
	const struct notice *notice, const struct notice_facts *facts) {
	booking_id_write(words->booking_id, facts->booking_key,
		(struct booking_name){notice->campaign_ordinal, notice->number});
	snprintf(words->units, sizeof words->units, "%" PRIu32, notice->units);
	snprintf(words->place, sizeof words->place, "%" PRIu64, notice->place);
	snprintf(words->rank, sizeof words->rank, "%" PRIu64, notice->rank);
	write_time(words->time, sizeof words->time, language, notice->booked_at_ms,
		facts->booked_at_offset_minutes);
	write_offset(words->offset, facts->booked_at_offset_minutes);
	write_time(words->pay_by, sizeof words->pay_by, language, notice->pay_by_ms,
		facts->pay_by_offset_minutes);
	write_offset(words->pay_by_offset, facts->pay_by_offset_minutes);
	snprintf(words->name, sizeof words->name, "%s-%" PRIu32 "-%s", notice->campaign_id,
		notice->number, template_name(notice->template));
}

void notice_message(struct message *message, struct notice_words *words,
	const struct notice *notice, const struct notice_facts *facts) {
	enum language language = texts_language(notice->locale);
	write_words(words, language, notice, facts);
	/* A hold that ended has a deadline too, but it is nothing to act on any more. */
	bool pays = notice->status == BOOKING_HELD && notice->pay_by_ms != 0;
	*message = (struct message){
		.template = notice->template,
		.language = language,
		.contact = notice->contact,
		.name = words->name,
		.date_ms = facts->now_ms,
		.variables.values =
			{
				[VARIABLE_DOMAIN] = facts->public_domain,
				[VARIABLE_URL] = facts->public_url,
				[VARIABLE_TITLE] = notice->title,
				[VARIABLE_BOOKING_ID] = words->booking_id,
				[VARIABLE_UNITS] = words->units,
				[VARIABLE_PLACE] = words->place,
				[VARIABLE_RANK] = notice->rank == 0 ? NULL : words->rank,
				[VARIABLE_TIME] = words->time,
				[VARIABLE_PAY_BY] = pays ? words->pay_by : NULL,
				[VARIABLE_ZONE] = notice->time_zone,
				[VARIABLE_OFFSET] = words->offset,
				[VARIABLE_PAY_BY_OFFSET] = pays ? words->pay_by_offset : NULL,
				[VARIABLE_PICKUP] =
					notice->pickup_text[0] == '\0' ? NULL : notice->pickup_text,
			},
	};
}
