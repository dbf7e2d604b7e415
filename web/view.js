/* view - decides from the facts what to show, and puts it on the screen. */
import { late, now } from './api.js';
import { recall } from './memory.js';
import { clock, say, when } from './words.js';

export const page = { message: '' }; // the campaign, its counts, and what goes on here
export const find = (id) => document.getElementById(id);
let shown = 'loading';

export const isActive = ({ status }) => /^(booked|held|waitlisted)$/.test(status);

export const mine = () => Object.values(recall().bookings)
	.filter((booking) => booking.campaign_id === page.id && isActive(booking));

export function wishHere() {
	const { wish } = recall();
	return wish && wish.ask.campaign_id === page.id && wish;
}

/* open or waitlist if one can book, else why not. */
const gate = ({ state, opens_at, available, waiting, waiting_list, cancellable, held }) =>
	state === 'paused' || state === 'closed' ? state
		: state === 'scheduled' && !(Date.parse(opens_at) <= now()) ? 'not_open'
		: available ? 'open'
		: waiting < waiting_list ? 'waitlist'
		: cancellable || held ? 'gone' : 'sold_out';

/* Only what differs: screen readers speak it. Empty buttons are not shown. */
function write(texts) {
	for (const id of Object.keys(texts)) {
		if (find(id).textContent !== texts[id]) {
			find(id).textContent = texts[id];
		}
	}
}

/* The focus follows, but not when the page has just come. */
export function show(step) {
	if (step !== shown) {
		find('in_' + shown).hidden = true;
		find('in_' + step).hidden = false;
		const target = find('in_' + step).querySelector('#entry, #book:enabled, h2');
		if (target && shown !== 'loading') {
			target.focus();
		}
		document.body.className = shown = step;
	}
}

function renderSign({ asked, session, resend_at }, contact) {
	const wait = resend_at - now() / 1000;
	const kind = contact === 'phone' ? 'tel' : 'email';
	find('entry').inputMode = asked ? 'tel' : kind;
	find('entry').autocomplete = asked ? 'one-time-code' : kind;
	find('resend').disabled = wait > 0;
	write({
		which: asked ? say('sent', asked.email || asked.phone) : say(contact),
		resend: say(asked && 'resend') + (asked && wait > 0 ? ' ' + clock(wait) : ''),
		change: say(asked && 'change'),
		who: [session.email, session.phone].join(' '),
		signOut: say(session.token && 'signOut'),
	});
}

function renderCampaign({ title, opens_at, closes_at, time_zone, available, total }, last) {
	const state = gate(page);
	const until = { not_open: opens_at, open: closes_at }[state];
	const left = (Date.parse(opens_at) - now()) / 1000;
	document.title = title;
	find('bar').value = available / total;
	find('book').disabled = !['open', 'waitlist'].includes(state);
	write({
		title,
		pickup: page.pickup_text,
		left: available.toLocaleString(),
		total: say('total', total),
		notice: say(state) + (until ? '\n→ ' + when(until, time_zone) : ''),
		rules: say('rules', page.definition_hash.slice(0, 16)),
		book: state === 'not_open' && left > 0 ? clock(left) : say('book'),
		ahead: say(page.ahead >= 0 && 'ahead', page.ahead),
		status: say(last.status, last.rank),
		ids: mine().map(({ booking_id }) => booking_id).join('\n'),
		place: say('place', last.place) + '\n' + when(last.booked_at, time_zone),
		cancel: say(page.cancellable && 'cancel'),
	});
}

/* sign ▶ book ▶ line ▶ ticket; refused, cancelled ▶ book; signed out ▶ sign. */
export function render() {
	if (page.id) {
		const memory = recall();
		const [last] = mine().reverse();
		const kinds = page.verification === 'both' ? ['email', 'phone'] : [page.verification];
		const contact = kinds.find((kind) => !memory.session[kind]);
		renderCampaign(page, last || {});
		renderSign(memory, contact);
		const waits = wishHere();
		show(last && !waits ? 'ticket' : contact ? 'sign' : waits ? 'line' : 'book');
		document.body.classList.toggle('several', page.units_per_person > 1);
	}
	write({ message: page.message, slow: say(late.size && 'slow') });
}
