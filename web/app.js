/* app - runs the page: finds the campaign, follows its counts, does what the buttons say. */
import { call, now, pause } from './api.js';
import { recall, remember } from './memory.js';
import { find, isActive, mine, page, render, show } from './view.js';
import { clock, language, loadWords, say } from './words.js';

const COUNTS_SECONDS = 3;

function explain({ code, status, detail, retry_after }) {
	page.message = (say(code || status) || detail || '')
		+ (retry_after ? ' ' + say('later', clock(retry_after)) : '');
}

/* What has ended stays so: the server's table may be a moment behind the line. */
function keep(booking) {
	const { bookings } = recall();
	if (isActive(bookings[booking.booking_id] || booking)) {
		remember({ bookings: Object.assign(bookings, { [booking.booking_id]: booking }) });
	}
}

const refresh = async () => (await call('GET', '/v1/bookings')).bookings.forEach(keep);

/* Brings the wish to its answer, however long the line is. The key makes every try the same wish. */
async function settle() {
	for (let wish; (wish = recall().wish); render()) {
		const { campaign_id, count, key, ticket } = wish;
		const answer = await (ticket ? call('GET', '/v1/requests/' + ticket)
			: call('POST', '/v1/bookings', { campaign_id, count }, { 'Idempotency-Key': key, Prefer: 'wait=1' }))
			.catch((refusal) => refusal);
		const booking = answer.booking || answer;
		if (!recall().wish) {
			return; // signed out meanwhile
		}
		if (answer.status === 'queued') {
			page.ahead = answer.ahead;
			remember({ wish: Object.assign({ ticket: answer.ticket }, wish) });
			render();
			await pause(answer.retry_after || 1);
		} else if (answer.refused === 401) {
			explain(answer);
			remember({ session: {} }); // the wish goes on after the next login
			return;
		} else {
			explain(answer.refused || !booking.booking_id ? answer : {});
			remember({ wish: null });
			keep(booking);
		}
	}
}

async function sendCode(asked) {
	const { retry_after } = await call('POST', '/v1/register', Object.assign({ locale: language }, asked));
	remember({ asked, resend_at: now() / 1000 + retry_after });
}

async function giveCode(code, { asked, session }) {
	const { token } = await call('POST', '/v1/login', Object.assign({ code }, asked));
	remember({ session: Object.assign({ either: true }, session, asked, { token }), asked: null });
	refresh().catch(explain);
	settle();
}

/* By the ids of buttons and forms. */
const actions = {
	language() {
		remember({ language: language === 'hi' ? 'en' : 'hi' });
		location.reload();
	},
	async sign() {
		const text = find('entry').value.trim();
		await (recall().asked ? giveCode(text, recall())
			: sendCode(text.includes('@') ? { email: text } : { phone: text }));
		find('entry').value = '';
		find('entry').focus();
	},
	resend: () => sendCode(recall().asked),
	change: () => remember({ asked: null }),
	book() {
		const key = crypto.getRandomValues(new Uint32Array(4)).join('-');
		remember({ wish: { campaign_id: page.id, count: +find('wished').value, key } });
		settle();
	},
	copy() {
		getSelection().selectAllChildren(find('ids'));
		page.message = document.execCommand('copy') ? say('copied') : '';
	},
	async cancel() {
		page.sure = !page.sure;
		if (!page.sure) {
			const booking = mine().pop();
			await call('DELETE', '/v1/bookings/' + booking.booking_id);
			keep(Object.assign(booking, { status: 'cancelled' }));
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
			Object.assign(page, { busy: true, message: '', sure: page.sure && id === 'cancel' });
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
		await pause(Math.max(COUNTS_SECONDS, page.retry_after));
	}
}

function choose(campaigns) {
	page.message = campaigns.length ? '' : say('nothing');
	for (const { id, title } of campaigns) {
		find('in_choose').appendChild(Object.assign(document.createElement('a'), { href: '?c=' + id, textContent: title }));
	}
	show('choose');
}

async function start() {
	document.addEventListener('click', act);
	document.addEventListener('submit', act);
	setInterval(render, 1000);
	await loadWords();
	const id = new URLSearchParams(location.search).get('c');
	find('all').hidden = !id;
	const answer = await call('GET', '/v1/campaigns' + (id ? '/' + encodeURIComponent(id) : ''))
		.catch(() => ({ campaigns: [] }));
	const all = answer.campaigns || [answer];
	const open = all.filter(({ state }) => state !== 'closed');
	const list = open.length ? open : all;
	if (list.length !== 1) {
		return choose(list);
	}
	Object.assign(page, list[0], list[0].counts);
	settle();
	followCounts();
	if (recall().session.token) {
		refresh().catch(explain);
	}
}

start();
