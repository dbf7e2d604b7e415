/* words - says things in the person's language; refusals by their code. */
import { recall } from './memory.js';

const english = {
	nothing: 'Nothing is on offer now.',
	total: 'of {} left',
	slow: 'Busy or slow: we keep trying. Nothing counts twice.',
	later: 'Please try again in {}.',
	open: 'Open now',
	not_open: 'Not open yet. The button will wake up.',
	paused: 'Paused. It goes on by itself.',
	waitlist: 'All gone. The waiting list is open.',
	gone: 'All gone for now. Some may come back.',
	sold_out: 'All gone. Thank you!',
	closed: 'It has ended. Thank you!',
	email: 'Email address',
	phone: 'Mobile number',
	either: 'Email address or mobile number',
	sent: 'The 6 digits sent to {}',
	bad_contact: 'Please check for mistakes.',
	bad_code: 'Not the code. Look at the newest message.',
	resend: 'Send again',
	change: 'Change contact',
	signOut: 'Not you? Sign out',
	book: 'Book now',
	ahead: 'You are in line, {} ahead. Your place is kept.',
	already_booked: 'You already have this one.',
	booked: 'It’s yours!',
	held: 'Held for you',
	waitlisted: 'Number {} on the waiting list',
	cancelled: 'Cancelled',
	place: 'Number {} in line',
	copied: 'Copied',
	cancel: 'Cancel my booking',
	sure: 'Really cancel?',
	rules: 'Fixed rules: {}',
};
let words = english;

export const language = recall().language || (/^hi/.test(navigator.language) ? 'hi' : 'en');

/* Call first. index.html has English words that never change. */
export async function loadWords() {
	if (language === 'hi') {
		words = (await import('./hindi.js')).default;
		document.documentElement.lang = language;
		for (const element of document.querySelectorAll('[id]:not(:empty)')) {
			if (words[element.id]) {
				element.textContent = words[element.id];
			}
		}
	}
}

/* '' if there is no such sentence. */
export const say = (name, value) =>
	(words[name] || '').replace('{}', value && value.toLocaleString());

export const clock = (seconds) => (seconds < 3600 ? '' : Math.floor(seconds / 3600) + ':')
	+ new Date(seconds * 1000).toISOString().slice(14, 19);

export const when = (time, timeZone) => new Date(time).toLocaleString([],
	{ dateStyle: 'medium', timeStyle: 'short', timeZone }) + ' (' + timeZone + ')';
