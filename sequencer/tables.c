#include "sequencer/tables.h"

#include <sys/mman.h>
#include <sysexits.h>
#include <unistd.h>

#include "common/log.h"

static size_t page_multiple(size_t bytes) {
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	return (bytes + page - 1) / page * page;
}

static void *map(size_t bytes) {
	void *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (start == MAP_FAILED) {
		log_fatal(EX_OSERR, "out_of_memory",
			"bytes=%zu hint=\"give the sequencer more memory\"", bytes);
	}
	return start;
}

/* Grows a region by half at least, so that growing is rare. */
static void grow(struct region *region, size_t bytes_wanted) {
	if (bytes_wanted <= region->bytes) {
		return;
	}
	size_t bytes = page_multiple(
		bytes_wanted > region->bytes / 2 * 3 ? bytes_wanted : region->bytes / 2 * 3);
	if (region->start == NULL) {
		region->start = map(bytes);
	} else {
		void *moved = mremap(region->start, region->bytes, bytes, MREMAP_MAYMOVE);
		if (moved == MAP_FAILED) {
			log_fatal(EX_OSERR, "out_of_memory",
				"bytes=%zu hint=\"give the sequencer more memory\"", bytes);
		}
		region->start = moved;
	}
	region->bytes = bytes;
}

static void drop(struct region *region) {
	if (region->start != NULL) {
		munmap(region->start, region->bytes);
	}
	*region = (struct region){0};
}

void tables_init(struct tables *tables) {
	*tables = (struct tables){0};
}

void tables_finish(struct tables *tables) {
	drop(&tables->bookings);
	drop(&tables->extras);
	drop(&tables->links);
	drop(&tables->holds);
	drop(&tables->slots);
}

/* The table of identities is entered anew in a larger one; sized from the definition, so only a
 * campaign with linked contacts or many cancellations ever comes here a second time. */
static void provide_slots(struct tables *tables, struct campaign *campaign, uint32_t slots) {
	struct people *people = &campaign->people;
	if (slots <= people->slots_count) {
		return;
	}
	size_t bytes = page_multiple((size_t)slots * sizeof *people->slots);
	struct region larger = {.start = map(bytes), .bytes = bytes};
	people_rehash(people, &campaign->bookings, larger.start, slots);
	drop(&tables->slots);
	tables->slots = larger;
}

/* Holds at the front are used up all the time: their room is used again before more is taken. */
static void provide_holds(struct tables *tables, struct holds *holds, uint32_t rows) {
	if (rows <= holds->capacity - holds->first) {
		return;
	}
	holds_compact(holds);
	if (rows > holds->capacity) {
		grow(&tables->holds, (size_t)rows * sizeof *holds->rows);
		holds->rows = tables->holds.start;
		holds->capacity = (uint32_t)(tables->holds.bytes / sizeof *holds->rows);
	}
}

void tables_provide(struct tables *tables, struct campaign *campaign,
	const struct campaign_capacity *capacity) {
	struct bookings *bookings = &campaign->bookings;
	if (capacity->bookings > bookings->capacity) {
		grow(&tables->bookings, (size_t)capacity->bookings * sizeof *bookings->rows);
		bookings->rows = tables->bookings.start;
		bookings->capacity = (uint32_t)(tables->bookings.bytes / sizeof *bookings->rows);
	}
	if (capacity->extras > 0) {
		grow(&tables->extras, (size_t)bookings->capacity * sizeof *bookings->extras);
		bookings->extras = tables->extras.start;
	}
	struct people *people = &campaign->people;
	if (capacity->links > people->links_capacity) {
		grow(&tables->links, (size_t)capacity->links * sizeof *people->links);
		people->links = tables->links.start;
		people->links_capacity = (uint32_t)(tables->links.bytes / sizeof *people->links);
	}
	provide_holds(tables, &campaign->holds, capacity->holds);
	provide_slots(tables, campaign, capacity->slots);
}
