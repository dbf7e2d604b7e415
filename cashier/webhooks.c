#include "cashier/webhooks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cashier/measures.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/subjects.h"
#include "common/stream.h"
#include "common/wakeup.h"

#define GET_MS_MAX 2000
#define LOOK_MS 1000
/* Between the ingress' publication and its storing. */
#define AGAIN_MS 10
#define AGAIN_MAX 20u

struct webhooks {
	struct webhooks_options options;
	char subject[SUBJECT_BYTES_MAX]; /* payments.<provider> */
	bool following;
	bool paused;      /* the news were full */
	uint64_t base_n;  /* the last message that is in the books */
	uint64_t noted_n; /* the last one of the round under way */
	uint64_t last_n;  /* the last one that was read */
	uint64_t newest;  /* known to be there */
	uint64_t heard;   /* published since, and perhaps stored by now */
	uint32_t again;   /* times in a row that the next one was not there */
	uint64_t request; /* gets the next one; 0: none */
	uint64_t look;    /* asks for the newest one; 0: none */
	struct wakeup *timer;
};

static void pump(struct webhooks *webhooks);

/* ---- messages ---------------------------------------------------------------------------------- */

static void refuse(uint64_t sequence, const char *subject, const char *problem) {
	cashier_measures.webhooks_unreadable++;
	log_warn("webhook_unreadable",
		"stream=" STREAM_PAYMENTS " sequence=%" PRIu64
		" subject=%s problem=\"%s\" hint=\"compare the versions and the provider of "
		"ingress and cashier; what it told is found by asking\"",
		sequence, subject, problem);
}

static void take(struct webhooks *webhooks, const struct bus_message *message) {
	struct payment_event event;
	webhooks->last_n = message->sequence;
	cashier_measures.webhooks++;
	if (strcmp(message->subject, webhooks->subject) != 0) {
		refuse(message->sequence, message->subject, "it is another provider's");
	} else if (!payment_event_decode(&event, message->data, message->size)) {
		refuse(message->sequence, message->subject, "it is no event");
	} else {
		news_add_event(webhooks->options.collect(webhooks->options.owner),
			webhooks->options.names, &event);
	}
	webhooks->options.on_news(webhooks->options.owner);
}

/* ---- reading ----------------------------------------------------------------------------------- */

/* It was there and is not any more: too old, or taken out by a person. */
static void skip(struct webhooks *webhooks) {
	webhooks->last_n++;
	log_warn("webhook_missing",
		"stream=" STREAM_PAYMENTS " sequence=%" PRIu64
		" hint=\"what it told is found by asking\"",
		webhooks->last_n);
}

static void on_missing(struct webhooks *webhooks) {
	if (webhooks->again > 0 && webhooks->newest > webhooks->last_n + 1) {
		skip(webhooks); /* the leader says so */
		pump(webhooks);
		return;
	}
	webhooks->again++;
	if (webhooks->again <= AGAIN_MAX) {
		wakeup_after(webhooks->timer, AGAIN_MS);
		return;
	}
	webhooks->again = 0;
	webhooks->heard = 0;
	wakeup_after(webhooks->timer, LOOK_MS);
}

static void on_got(void *context, enum stream_outcome outcome, const struct bus_message *message) {
	struct webhooks *webhooks = context;
	webhooks->request = 0;
	if (outcome == STREAM_STORED && message->sequence == webhooks->last_n + 1) {
		webhooks->again = 0;
		webhooks->heard -= webhooks->heard > 0;
		take(webhooks, message);
		pump(webhooks);
	} else if (outcome == STREAM_MISSING) {
		on_missing(webhooks);
	} else {
		wakeup_after(webhooks->timer, LOOK_MS);
	}
}

static void pump(struct webhooks *webhooks) {
	bool more = webhooks->newest > webhooks->last_n || webhooks->heard > 0;
	if (!webhooks->following || !more || webhooks->request != 0) {
		return;
	}
	if (news_is_full(webhooks->options.collect(webhooks->options.owner))) {
		webhooks->paused = true;
		return;
	}
	struct stream_get get = {
		.stream = STREAM_PAYMENTS,
		.sequence = webhooks->last_n + 1,
		.from_leader = webhooks->again > 0,
	};
	webhooks->request = stream_get(webhooks->options.bus, &get, GET_MS_MAX, on_got, webhooks);
}

static void on_newest(
	void *context, enum stream_outcome outcome, const struct bus_message *message) {
	struct webhooks *webhooks = context;
	webhooks->look = 0;
	if (outcome == STREAM_STORED && message->sequence > webhooks->newest) {
		webhooks->newest = message->sequence;
	}
	if (outcome == STREAM_STORED && message->sequence < webhooks->last_n) {
		log_warn("webhooks_unheard",
			"stream=" STREAM_PAYMENTS " ends_at=%" PRIu64 " read_to=%" PRIu64
			" hint=\"the stream was made anew: set payment_positions.n of PAYMENTS to "
			"0 "
			"and start the cashier anew; until then payments are found by asking\"",
			message->sequence, webhooks->last_n);
	}
	pump(webhooks);
}

static void on_timer(void *context) {
	struct webhooks *webhooks = context;
	if (webhooks->following && webhooks->look == 0) {
		struct stream_get get = {
			.stream = STREAM_PAYMENTS,
			.last_by_subject = webhooks->subject,
			.from_leader = true,
		};
		webhooks->look =
			stream_get(webhooks->options.bus, &get, GET_MS_MAX, on_newest, webhooks);
	}
	wakeup_after(webhooks->timer, LOOK_MS);
	pump(webhooks);
}

static void on_published(void *context, const struct bus_message *message) {
	struct webhooks *webhooks = context;
	(void)message;
	webhooks->heard++;
	pump(webhooks);
}

/* ---- positions --------------------------------------------------------------------------------- */

void webhooks_note(struct webhooks *webhooks, struct news *news) {
	if (webhooks->following && webhooks->last_n > webhooks->base_n) {
		news_add_webhooks_position(
			news, (struct news_span){webhooks->base_n, webhooks->last_n});
		webhooks->noted_n = webhooks->last_n;
	}
}

void webhooks_noted(struct webhooks *webhooks) {
	if (webhooks->noted_n > webhooks->base_n) {
		webhooks->base_n = webhooks->noted_n;
	}
}

void webhooks_resume(struct webhooks *webhooks) {
	if (webhooks->paused) {
		webhooks->paused = false;
		pump(webhooks);
	}
}

/* ---- life -------------------------------------------------------------------------------------- */

struct webhooks *webhooks_create(const struct webhooks_options *options) {
	struct webhooks *webhooks = memory_new(sizeof *webhooks);
	webhooks->options = *options;
	snprintf(webhooks->subject, sizeof webhooks->subject, SUBJECT_PAYMENTS_PREFIX "%.40s",
		options->names->provider);
	webhooks->timer = wakeup_create(bus_loop(options->bus), on_timer, webhooks);
	bus_subscribe(options->bus, SUBJECT_PAYMENTS_ALL, NULL, on_published, webhooks);
	return webhooks;
}

void webhooks_forget(struct webhooks *webhooks) {
	bus_cancel(webhooks->options.bus, webhooks->request);
	bus_cancel(webhooks->options.bus, webhooks->look);
	webhooks->request = 0;
	webhooks->look = 0;
	webhooks->following = false;
	webhooks->paused = false;
	wakeup_cancel(webhooks->timer);
}

void webhooks_destroy(struct webhooks *webhooks) {
	if (webhooks != NULL) {
		webhooks_forget(webhooks);
		wakeup_destroy(webhooks->timer);
		free(webhooks);
	}
}

void webhooks_follow(struct webhooks *webhooks, uint64_t n) {
	webhooks->following = true;
	webhooks->base_n = n;
	webhooks->noted_n = n;
	webhooks->last_n = n;
	webhooks->newest = 0;
	webhooks->heard = 0;
	webhooks->again = 0;
	wakeup_after(webhooks->timer, 0);
}
