/* memory - what survives a reload; in this tab alone where storage is forbidden.
 * session: the token and what it proves; asked: where a code went; resend_at; wish: a booking not
 * answered yet; bookings by ID; language. */
const NAME = 'firstcome-1'; // a new shape gets a new number
let copy;

export function recall() {
	try {
		copy = JSON.parse(localStorage[NAME]); // another tab may have written
	} catch (error) { /* forbidden or empty */ }
	return Object.assign({ session: {}, bookings: {} }, copy);
}

export function remember(changes) {
	copy = Object.assign(recall(), changes);
	try {
		localStorage[NAME] = JSON.stringify(copy);
	} catch (error) { /* forbidden or full */ }
}
