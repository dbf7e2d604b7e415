/*
 * definition - what an admin declared a campaign to be, as plain data.
 *
 * Pure data: common/definition_json.h reads it from JSON and checks it. From the opening on a
 * definition never changes; its hash (BLAKE2b-256 of the JSON bytes as published) is shown wherever
 * the campaign is.
 */
#ifndef COMMON_PURE_DEFINITION_H
#define COMMON_PURE_DEFINITION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/pure/limits.h"

/* The deciding rules that this program knows. A newer program keeps deciding older campaigns by the
 * rules that they were published with. */
#define RULES_NEWEST 1u

enum verification {
	VERIFICATION_EMAIL,
	VERIFICATION_PHONE,
	VERIFICATION_EITHER,
	VERIFICATION_BOTH, /* a request must carry two identities */
};

struct definition {
	char id[CAMPAIGN_ID_BYTES_MAX + 1];
	char title[CAMPAIGN_TITLE_BYTES_MAX + 1];
	char pickup_text[CAMPAIGN_PICKUP_BYTES_MAX + 1];
	char time_zone[CAMPAIGN_ZONE_BYTES_MAX + 1]; /* IANA name, "UTC" if left out */
	char currency[4];                            /* ISO 4217, "INR" if left out */
	uint32_t units;                              /* 1 to UNITS_MAX */
	uint32_t units_per_person;                   /* 1 to UNITS_PER_PERSON_MAX; 1 if left out */
	uint32_t price_paise;                        /* for each unit; 0 is free */
	uint32_t hold_seconds; /* how long a person has to pay; 600 if left out; 0 if free */
	uint32_t waiting_list; /* places, 0 is no waiting list */
	uint32_t rules;        /* 1 to RULES_NEWEST */
	enum verification verification; /* either if left out */
	bool cancellable;
	bool opens_by_command;  /* opens_at was left out */
	bool closes_by_command; /* closes_at was left out */
	int64_t opens_at_ms;    /* 0 if opens_by_command */
	int64_t closes_at_ms;   /* 0 if closes_by_command; above opens_at_ms */
};

#endif
