#include "notifier/notice_list.h"

void notice_list_init(struct notice_list *list) {
	*list = (struct notice_list){.end = &list->first};
}

void notice_list_push(struct notice_list *list, struct notice *notice) {
	notice->next = NULL;
	*list->end = notice;
	list->end = &notice->next;
	list->count++;
}

struct notice *notice_list_pop(struct notice_list *list) {
	struct notice *notice = list->first;
	if (notice != NULL) {
		list->first = notice->next;
		list->count--;
		if (list->first == NULL) {
			list->end = &list->first;
		}
	}
	return notice;
}

void notice_list_move(struct notice_list *target, struct notice_list *source) {
	if (source->first != NULL) {
		*target->end = source->first;
		target->end = source->end;
		target->count += source->count;
	}
	notice_list_init(source);
}
