/*
 * message - one thing to tell one person on one channel, not yet rendered.
 */
#ifndef NOTIFIER_MESSAGE_H
#define NOTIFIER_MESSAGE_H

#include <stdint.h>

#include "notifier/render.h"
#include "notifier/texts.h"

/* "<campaign id>-<booking number>-<template>", or "code-<32 hex digits>", and the NUL. */
#define MESSAGE_NAME_BYTES 80u

struct message {
	enum template template;
	enum language language;
	const char *contact; /* an email address or a phone number */
	/* Letters, digits and '-'. The same on every try of the same message, in every process,
	 * and of no other: becomes the Message-ID or the idempotency key, so that whoever gets a
	 * message twice can tell. */
	const char *name;
	int64_t date_ms;
	struct variables variables;
};

#endif
