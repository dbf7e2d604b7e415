/*
 * broker - nats-server with JetStream, simulated: streams, acknowledgements, republishing, gets.
 *
 *	broker.c		streams: storing in order, duplicates, fences, limits, republishing
 *	broker_api.c		gets and consumers asked for by request
 *	broker_consumer.c	push consumers: deliveries, heartbeats, flow control
 *
 * What it says has the bytes of nats-server's answers, because the real common/stream.c reads them. It
 * keeps what the real one promises with sync_interval always: a message is on the disk before anybody
 * hears of it, so a restart loses no stream, only connections, consumers and what was not stored yet.
 * Everything else goes wrong as trouble.h says.
 */
#ifndef TESTS_SIM_BROKER_H
#define TESTS_SIM_BROKER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire;

void broker_begin(void);
void broker_end(void);

/* republish_to: NULL, or where what is stored is sent. subject may end with ".*". */
void broker_make_stream(const char *name, const char *subject, const char *republish_to);
/* Appends as a program that is not simulated (the control desk, a cashier): nothing goes wrong.
 * Returns the sequence, or 0 if the stream is full or the broker is down. */
uint64_t broker_append(const char *subject, const void *data, size_t size);

/* From a link. */
void broker_receive(const struct wire *wire);

/* A stored message; borrowed. */
struct broker_message {
	const char *subject;
	const uint8_t *data;
	size_t size;
	int64_t time_ns;
};

/* 0: empty. */
uint64_t broker_last(const char *stream);
/* sequence: 1 to broker_last. */
struct broker_message broker_message(const char *stream, uint64_t sequence);

bool broker_is_up(void);
/* Dies, and is up again after a while. */
void broker_restart(int64_t down_us);
/* It stores nothing, as if its disk were full. */
void broker_set_full(const char *stream, bool full);
/* Of the broker's clock. */
void broker_step_clock(int64_t step_us);

#endif
