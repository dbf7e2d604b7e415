/* words - says things in the person's language. Refusals go by their code in the API. */
import { recall } from './memory.js';

const english = {
	nothing: 'Nothing is on offer here right now.',
	total: 'of {} left',
	slow: 'Busy line or slow connection. We keep trying: nothing counts twice.',
	later: 'Please try again in {}.',
	open: 'Open now',
	not_open: 'Not open yet. The button wakes up by itself.',
	paused: 'Paused for a moment. It goes on by itself.',
	waitlist: 'Join the waiting list',
	gone: 'All gone for now. If one comes back, the button wakes up.',
	sold_out: 'All gone. Thank you for coming!',
	closed: 'This has ended. Thank you for coming!',
	email: 'Email address',
	phone: 'Mobile number',
	either: 'Email address or mobile number',
	send: 'Send me a code',
	sent: 'Type the 6 digits sent to {}',
	confirm: 'Continue',
	bad_code: 'That is not the code. Take the newest message, or send again.',
	resend: 'Send again',
	change: 'Change contact',
	unauthorized: 'Please sign in again. Your place is kept.',
	signOut: 'Not you? Sign out',
	book: 'Book now',
	ahead: '{} ahead of you',
	already_booked: 'You already have one: here it is.',
	booked: 'It’s yours!',
	held: 'Held until {}',
	waitlisted: 'Number {} on the waiting list',
	cancelled: 'Cancelled',
	place: 'Number {} in line',
	copied: 'Copied',
	cancel: 'Cancel my booking',
	sure: 'Really give it back?',
	rules: 'Rules fixed before the opening: {}',
};
let words = english;

export const language = recall().language || (/^hi/.test(navigator.language) ? 'hi' : 'en');
const locale = navigator.language.startsWith(language) ? navigator.language : language + '-IN';

/* Call first. The words that never change stand in index.html, in English. */
export async function loadWords() {
	if (language === 'hi') {
		words = (await import('./hindi.js')).default;
		document.documentElement.lang = language;
		for (const id of Object.keys(words)) {
			Object.assign(document.getElementById(id) || {}, { textContent: words[id] });
		}
	}
}

/* '' if there is no such sentence. */
export const say = (name, value) =>
	(words[name] || '').replace('{}', (value || '').toLocaleString(locale));

/* 1:02:03 or 02:03 */
export const clock = (seconds) => (seconds < 3600 ? '' : Math.floor(seconds / 3600) + ':')
	+ new Date(seconds * 1000).toISOString().slice(14, 19);

export const when = (time, timeZone) => new Date(time).toLocaleString(locale,
	{ dateStyle: 'full', timeStyle: 'short', timeZone }) + ' (' + timeZone + ')';
