/* app - runs the page: finds the campaign, follows its counts, does what the buttons say. */
import { call, now, pause } from './api.js';
import { recall, remember } from './memory.js';
import { find, isActive, mine, page, render, show, wishHere } from './view.js';
import { clock, language, loadWords, say } from './words.js';

const COUNTS_SECONDS = 3;

function explain({ code, detail, refused, retry_after }) {
	const later = retry_after ? say('later', clock(retry_after)) : '';
	page.message = ((say(code) || (later ? '' : detail) || '') + ' ' + later).trim();
	if (refused === 401) {
		remember({ session: {} });
	}
}

/* What has ended stays so: the server's table may be a moment behind the line. */
function keep(booking) {
	const { bookings } = recall();
	if (isActive(bookings[booking.booking_id] || booking)) {
		remember({ bookings: { ...bookings, [booking.booking_id]: booking } });
	}
}

/* Brings the wish to its answer, however long the line. The key makes every try the same wish. */
async function settle() {
	for (let wish; (wish = wishHere()); render()) {
		const { ask, key, ticket } = wish;
		const answer = await (ticket ? call('GET', '/v1/requests/' + ticket)
			: call('POST', '/v1/bookings', ask, { 'Idempotency-Key': key, Prefer: 'wait=1' })
		).catch((refusal) => refusal);
		if (!wishHere()) {
			return; // signed out meanwhile
		}
		if (answer.status === 'queued') {
			page.ahead = answer.ahead;
			remember({ wish: { ...wish, ticket: answer.ticket } });
			render();
			await pause(answer.retry_after || 1);
			continue;
		}
		explain(answer);
		if (answer.refused === 401) {
			return; // the wish goes on after the next login
		}
		remember({ wish: null });
		keep(answer.booking || answer);
	}
}

async function resume() {
	settle();
	if (recall().session.token) {
		(await call('GET', '/v1/bookings')).bookings.forEach(keep);
	}
}

async function sendCode(asked) {
	const { retry_after } = await call('POST', '/v1/register', asked)
		.catch((refusal) => refusal.code === 'code_too_soon' ? refusal : Promise.reject(refusal));
	remember({ asked, resend_at: now() / 1000 + retry_after });
}

/* By the ids of buttons and forms. */
const actions = {
	language() {
		remember({ language: language === 'hi' ? 'en' : 'hi' });
		location.reload();
	},
	async sign() {
		const { asked, session } = recall();
		const text = find('entry').value.trim();
		if (!asked) {
			await sendCode({ [text.includes('@') ? 'email' : 'phone']: text, locale: language });
		}
		find('entry').value = '';
		find('entry').focus();
		if (asked) {
			const { token } = await call('POST', '/v1/login', { code: text, ...asked });
			remember({ session: { either: true, ...session, ...asked, token }, asked: null });
			resume().catch(explain);
		}
	},
	resend: () => sendCode(recall().asked),
	change: () => remember({ asked: null }),
	book() {
		const key = crypto.getRandomValues(new Uint32Array(4)).join('-');
		delete page.ahead;
		remember({ wish: { ask: { campaign_id: page.id, count: +find('wished').value }, key } });
		settle();
	},
	copy() {
		getSelection().selectAllChildren(find('ids'));
		page.message = say(document.execCommand('copy') && 'copied');
	},
	async cancel() {
		if (confirm(say('sure'))) {
			const booking = mine().pop();
			await call('DELETE', '/v1/bookings/' + booking.booking_id);
			keep({ ...booking, status: 'cancelled' });
			page.message = say('cancelled');
		}
	},
	signOut: () => remember({ session: {}, wish: null, bookings: {} }),
};

async function act(event) {
	const { id } = event.target;
	if (actions[id]) {
		event.preventDefault();
		if (!page.busy) {
			page.busy = true;
			page.message = '';
			await Promise.resolve().then(actions[id]).catch(explain);
			page.busy = false;
			render();
		}
	}
}

async function followCounts() {
	for (;;) {
		if (!document.hidden) {
			Object.assign(page, await call('GET', '/v1/campaigns/' + page.id + '/availability'));
			render();
		}
		await pause(COUNTS_SECONDS);
	}
}

function choose(campaigns) {
	page.message = say(!campaigns.length && 'nothing');
	for (const { id, title } of campaigns) {
		const link = find('in_choose').appendChild(document.createElement('a'));
		link.href = '?c=' + id;
		link.textContent = title;
	}
	show('choose');
}

async function start() {
	document.onclick = document.onsubmit = act;
	setInterval(render, 500);
	await loadWords().catch(() => {}); // then in English
	const id = new URLSearchParams(location.search).get('c');
	const answer = await call('GET', '/v1/campaigns' + (id ? '/' + encodeURIComponent(id) : ''))
		.catch(() => ({ campaigns: [] }));
	const all = answer.campaigns || [answer];
	const [campaign, other] = all.length > 1 ? all.filter(({ state }) => state !== 'closed') : all;
	if (!campaign || other) {
		return choose(all);
	}
	Object.assign(page, campaign, campaign.counts);
	followCounts();
	resume().catch(explain);
}

start();
