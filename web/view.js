/* view - decides from the facts what to show, and puts it on the screen. */
import { late, now } from './api.js';
import { recall } from './memory.js';
import { clock, say, when } from './words.js';

export const page = { message: '' }; // the campaign with its counts, and what goes on in this tab
export const find = (id) => document.getElementById(id);
let shown = 'loading';

export const isActive = ({ status }) => /^(booked|held|waitlisted)$/.test(status);

export const mine = () => Object.values(recall().bookings)
	.filter((booking) => booking.campaign_id === page.id && isActive(booking));

/* open or waitlist if one can book, else why not. */
const gate = ({ state, opens_at, available, waiting, waiting_list, cancellable, held }) =>
	state === 'paused' || state === 'closed' ? state
		: state === 'scheduled' && !(Date.parse(opens_at) <= now()) ? 'not_open'
		: available ? 'open'
		: waiting < waiting_list ? 'waitlist'
		: cancellable || held ? 'gone' : 'sold_out';

/* By id. Only what differs: screen readers speak what is written. What is empty does not show. */
function write(texts) {
	for (const id of Object.keys(texts)) {
		if (find(id).textContent !== texts[id]) {
			find(id).textContent = texts[id];
		}
	}
}

/* The focus follows, for keyboards and screen readers; not when the page has just come. */
export function show(step) {
	if (step !== shown) {
		document.body.className = step;
		const target = document.querySelector(`.${step} #entry, .book #book:enabled, #in_${step} h2`);
		...
	}
}
