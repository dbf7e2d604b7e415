/*
 * desk_reply - the JSON that the control desk answers with.
 */
#ifndef SEQUENCER_DESK_REPLY_H
#define SEQUENCER_DESK_REPLY_H

#include "common/pure/text.h"
#include "sequencer/feed.h"

void desk_reply_failed(struct text *text, const char *code, const char *message);
/* With the definition as published (get), or the few fields of a list. */
void desk_reply_campaign(struct text *text, const struct feed_view *view);
void desk_reply_valid(struct text *text, const char *id); /* a dry run that found nothing wrong */
void desk_reply_list_begin(struct text *text);
void desk_reply_list_item(struct text *text, const struct feed_view *view);
void desk_reply_list_end(struct text *text);

#endif
