/* memory - what survives a reload; in this tab alone where storage is forbidden.
 * session: token and proofs; asked: where a code went; wish: not answered yet. */
const NAME = 'firstcome-1'; // a new shape gets a new number
let copy;

export function recall() {
	try {
		copy = JSON.parse(localStorage[NAME]); // another tab may have written
	} catch { /* forbidden or empty */ }
	return { session: {}, bookings: {}, ...copy };
}

export function remember(changes) {
	copy = { ...recall(), ...changes };
	try {
		localStorage[NAME] = JSON.stringify(copy);
	} catch { /* forbidden or full */ }
}
