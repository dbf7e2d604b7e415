/*
 * desk - the control desk: what admins ask on control.campaign.<verb>, and its answers.
 *
 *	request	publish		{"definition": "<the JSON as a string>", "dry_run": bool}
 *		start pause resume close get	{"id": "..."}
 *		list		{}
 *	reply	{"ok": true, "campaign": {...}} or {"ok": true, "campaigns": [...]}
 *		{"ok": false, "code": "...", "message": "a sentence that says what to do"}
 *
 * One desk of all sequencers answers (queue group). The desk decides nothing: it appends to the line
 * and tells what the line decided. Publishing makes the campaign's streams, enters it in the
 * directory, and appends the definition, in this order, so that a campaign in the directory has its
 * streams; broken off anywhere, it can be done again. Publishing the same bytes again is no change.
 */
#ifndef SEQUENCER_DESK_H
#define SEQUENCER_DESK_H

#include "sequencer/feeds.h"

/* Errands under way at once; admins are few. */
#define DESK_ERRANDS_MAX 64u
/* After this an errand is given up with code "timeout"; it may still take effect. */
#define DESK_TIMEOUT_MS 5000

struct desk;

struct desk_options {
	struct service *service;
	struct feeds *feeds;
	int replicas;             /* of the streams that it makes: 1 or 3 */
	int64_t stream_bytes_max; /* of each stream */
};

/* Subscribes: call before the loop runs. */
struct desk *desk_create(const struct desk_options *options);
/* Takes nothing new, and tells the service when every errand has its answer. */
void desk_drain(struct desk *desk);
void desk_destroy(struct desk *desk);

#endif
