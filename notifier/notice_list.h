/*
 * notice_list - notices in order; each is in one list at a time.
 */
#ifndef NOTIFIER_NOTICE_LIST_H
#define NOTIFIER_NOTICE_LIST_H

#include <stddef.h>

#include "notifier/notice.h"

struct notice_list {
	struct notice *first;
	struct notice **end;
	size_t count;
};

void notice_list_init(struct notice_list *list);
void notice_list_push(struct notice_list *list, struct notice *notice);
struct notice *notice_list_pop(struct notice_list *list); /* the first; NULL if empty */
/* Moves all of source to the end of target. */
void notice_list_move(struct notice_list *target, struct notice_list *source);

#endif
