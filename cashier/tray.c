#include "cashier/tray.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void tray_finish(struct tray *tray) {
	news_finish(&tray->news);
	free(tray->payables);
	*tray = (struct tray){0};
}

void tray_clear(struct tray *tray) {
	news_clear(&tray->news);
	tray->payables_count = 0;
}

struct tray_payable *tray_add_payable(struct tray *tray) {
	if (tray->payables_count == tray->payables_capacity) {
		tray->payables_capacity =
			tray->payables_capacity == 0 ? 64 : tray->payables_capacity * 2;
		tray->payables =
			realloc(tray->payables, tray->payables_capacity * sizeof *tray->payables);
		assert(tray->payables != NULL);
	}
	struct tray_payable *payable = &tray->payables[tray->payables_count++];
	memset(payable, 0, sizeof *payable);
	return payable;
}
