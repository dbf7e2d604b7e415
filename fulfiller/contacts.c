#include "fulfiller/contacts.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/memory.h"
#include "common/pure/messages.h"
#include "common/pure/subjects.h"
#include "common/stream.h"
#include "fulfiller/measures.h"

#define SUBJECT_NEXT "$JS.API.CONSUMER.MSG.NEXT." STREAM_ACCOUNTS "." CONSUMER_ACCOUNTS
#define DEADLETTER_SUBJECT SUBJECT_DEADLETTER_PREFIX "accounts"
#define DEADLETTER_TIMEOUT_MS 5000
/* The broker ends a pull after five seconds (it counts in nanoseconds), and says so; if its word is
 * lost we pull again after seven. */
#define PULL_EXPIRES_NS "5000000000"
#define PULL_SILENCE_US 7000000
/* After the broker refused a pull. */
#define TROUBLE_PAUSE_US 1000000
/* Why a pull ended, in the broker's words. */
#define STATUS_NO_MESSAGES 404
#define STATUS_EXPIRED 408
#define ACK_SUBJECT_BYTES 256u
/* Conflicts in a row that two fulfillers cannot have by chance. */
#define CONFLICTS_MAX 20u
#define REASON_BYTES 700

static_assert(CONTACTS_WINDOW <= STORE_CONTACTS_MAX, "one transaction takes all that is held");

struct contacts {
	struct bus *bus;
	struct store *store;
	uv_timer_t timer;
	uint64_t inbox_id;
	char inbox[BUS_INBOX_BYTES];
	uint32_t awaited; /* messages that the pull under way may still bring; 0: there is none */
	int64_t pull_again_us; /* not before it: after trouble, or in case the pull was lost */
	bool troubled;         /* said once that the queue does not answer */
	uint32_t conflicts;
	char reason[REASON_BYTES];
	/* What the database does not have yet, in the order of the queue. */
	uint32_t held_count;
	struct verified_contact held[CONTACTS_WINDOW];
	char acks[CONTACTS_WINDOW][ACK_SUBJECT_BYTES];
	/* An unreadable message on its way to the dead letters; 0: none. One at a time is enough, the
	 * queue delivers another one again. */
	uint64_t burial;
	char burial_ack[ACK_SUBJECT_BYTES];
};

/* If it cannot be queued the message comes again, and is acknowledged then. */
static void acknowledge(struct contacts *contacts, const char *ack) {
	bus_publish(contacts->bus, &(struct bus_publication){
					   .subject = ack,
					   .data = "+ACK",
					   .size = 4,
					   .expected_last_sequence = -1,
					   .expected_last_subject_sequence = -1,
				   });
}

/* ---- writing ----------------------------------------------------------------------------------- */

static void on_committed(struct contacts *contacts) {
	fulfiller_measures.contacts += contacts->held_count;
	contacts->conflicts = 0;
	for (uint32_t i = 0; i < contacts->held_count; i++) {
		acknowledge(contacts, contacts->acks[i]);
	}
	contacts->held_count = 0;
}

static void give_up(struct contacts *contacts) {
	snprintf(contacts->reason, sizeof contacts->reason, "%s", store_error(contacts->store));
	log_warn("contacts_stopped", "held=%" PRIu32 " reason=\"%s\"", contacts->held_count,
		contacts->reason);
}

static void write_held(struct contacts *contacts) {
	if (contacts->held_count == 0 || contacts->reason[0] != '\0') {
		return;
	}
	switch (store_contacts(contacts->store, contacts->held, contacts->held_count)) {
	case STORE_DONE:
		on_committed(contacts);
		return;
	case STORE_UNAVAILABLE:
	case STORE_BUSY:
		return; /* the next tick tries again */
	case STORE_MOVED:
		if (++contacts->conflicts > CONFLICTS_MAX) {
			give_up(contacts);
		}
		return;
	case STORE_BROKEN:
		give_up(contacts);
		return;
	}
}

/* ---- the dead letters -------------------------------------------------------------------------- */

static void on_buried(void *context, enum stream_outcome outcome, uint64_t sequence) {
	struct contacts *contacts = context;
	contacts->burial = 0;
	if (outcome != STREAM_STORED) {
		log_warn("deadletter_refused", "subject=" DEADLETTER_SUBJECT " outcome=%s",
			stream_outcome_name(outcome));
		return; /* not acknowledged: it comes again */
	}
	fulfiller_measures.contacts_unreadable++;
	log_warn("contact_unreadable",
		"deadletter_sequence=%" PRIu64
		" hint=\"compare the versions of ingress and fulfiller\"",
		sequence);
	acknowledge(contacts, contacts->burial_ack);
}

static void bury(struct contacts *contacts, const struct bus_message *message) {
	if (contacts->burial != 0) {
		return;
	}
	snprintf(contacts->burial_ack, sizeof contacts->burial_ack, "%s", message->reply);
	contacts->burial = stream_publish(contacts->bus,
		&(struct bus_publication){
			.subject = DEADLETTER_SUBJECT,
			.data = message->data,
			.size = message->size,
			.expected_last_sequence = -1,
			.expected_last_subject_sequence = -1,
		},
		DEADLETTER_TIMEOUT_MS, on_buried, contacts);
}

/* ---- pulling ----------------------------------------------------------------------------------- */

static void pull(struct contacts *contacts) {
	if (contacts->held_count == CONTACTS_WINDOW || contacts->reason[0] != '\0') {
		return;
	}
	uint32_t room = CONTACTS_WINDOW - contacts->held_count;
	char request[80];
	int size = snprintf(request, sizeof request,
		"{\"batch\":%" PRIu32 ",\"expires\":" PULL_EXPIRES_NS "}", room);
	bool sent = bus_publish(contacts->bus, &(struct bus_publication){
						       .subject = SUBJECT_NEXT,
						       .reply = contacts->inbox,
						       .data = request,
						       .size = (size_t)size,
						       .expected_last_sequence = -1,
						       .expected_last_subject_sequence = -1,
					       });
	contacts->awaited = sent ? room : 0;
	contacts->pull_again_us =
		clock_monotonic_us() + (sent ? PULL_SILENCE_US : TROUBLE_PAUSE_US);
}

static void on_pull_ended(struct contacts *contacts, int status) {
	contacts->awaited = 0;
	if (status == STATUS_NO_MESSAGES || status == STATUS_EXPIRED) {
		contacts->troubled = false;
		contacts->pull_again_us = 0;
		return;
	}
	contacts->pull_again_us = clock_monotonic_us() + TROUBLE_PAUSE_US;
	if (!contacts->troubled) {
		contacts->troubled = true;
		log_warn("accounts_unavailable",
			"status=%d hint=\"nothing while the brokers choose a leader; else: is "
			"there a stream " STREAM_ACCOUNTS " with a consumer " CONSUMER_ACCOUNTS
			"? firstcome migrate makes them\"",
			status);
	}
}

static void on_message(void *context, const struct bus_message *message) {
	struct contacts *contacts = context;
	if (message->status != 0) {
		on_pull_ended(contacts, message->status);
		return;
	}
	if (message->reply == NULL || strlen(message->reply) >= ACK_SUBJECT_BYTES ||
		contacts->held_count == CONTACTS_WINDOW) {
		return; /* no delivery of a consumer; or no room, and it comes again */
	}
	contacts->awaited -= contacts->awaited > 0;
	struct verified_contact *contact = &contacts->held[contacts->held_count];
	if (!verified_contact_decode(contact, message->data, message->size)) {
		bury(contacts, message);
		return;
	}
	snprintf(contacts->acks[contacts->held_count], ACK_SUBJECT_BYTES, "%s", message->reply);
	contacts->held_count++;
	if (contacts->held_count == CONTACTS_WINDOW) {
		write_held(contacts);
		pull(contacts);
	}
}

static void on_tick(uv_timer_t *timer) {
	struct contacts *contacts = timer->data;
	write_held(contacts);
	int64_t now_us = clock_monotonic_us();
	if (now_us >= contacts->pull_again_us || (contacts->awaited == 0 && !contacts->troubled)) {
		pull(contacts);
	}
}

/* What the broker knew of our pull is gone with the connection. */
static void on_bus_state(void *context, bool connected) {
	struct contacts *contacts = context;
	if (connected) {
		contacts->awaited = 0;
		contacts->pull_again_us = 0;
	}
}

/* ---- life -------------------------------------------------------------------------------------- */

struct contacts *contacts_create(struct uv_loop_s *loop, struct bus *bus, struct store *store) {
	struct contacts *contacts = memory_new(sizeof *contacts);
	contacts->bus = bus;
	contacts->store = store;
	contacts->inbox_id = bus_inbox_open(bus, contacts->inbox, on_message, contacts);
	bus_on_state(bus, on_bus_state, contacts);
	uv_timer_init(loop, &contacts->timer);
	contacts->timer.data = contacts;
	uv_timer_start(&contacts->timer, on_tick, 0, CONTACTS_TICK_MS);
	return contacts;
}

void contacts_end(struct contacts *contacts) {
	uv_timer_stop(&contacts->timer);
	bus_off_state(contacts->bus, on_bus_state, contacts);
	bus_inbox_close(contacts->bus, contacts->inbox_id);
	bus_cancel(contacts->bus, contacts->burial);
	write_held(contacts);
}

static void on_closed(uv_handle_t *timer) {
	free(timer->data);
}

void contacts_destroy(struct contacts *contacts) {
	if (contacts != NULL) {
		uv_close((uv_handle_t *)&contacts->timer, on_closed);
	}
}

const char *contacts_reason(const struct contacts *contacts) {
	return contacts->reason;
}
