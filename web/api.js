/* api - calls the server: a try ends in time, a call goes on until there is an answer. */
import { recall } from './memory.js';

const TRY_MS = 15000; // slow networks need seconds for the first byte
const LATE_MS = 4000;
const WAIT_SECONDS_MAX = 10; // longer waits are told

export const late = new Set(); // calls without an answer after LATE_MS
let aheadMs = -Infinity;

/* The server's time: a phone's may be wrong. */
export const now = () => Date.now() + aheadMs;

/* With jitter: a crowd must not come back at once. */
export const pause = (seconds) =>
	new Promise((done) => setTimeout(done, seconds * (1000 + 300 * Math.random())));

async function tryOnce(path, options) {
	const abort = new AbortController();
	const timer = setTimeout(() => abort.abort(), TRY_MS);
	try {
		const response = await fetch(path, { ...options, signal: abort.signal });
		const answer = JSON.parse(await response.text() || '{}');
		// Date is cut to the second, and old: the largest of these lower bounds is best.
		aheadMs = Math.max(aheadMs, Date.parse(response.headers.get('Date')) - Date.now() || 0);
		answer.retry_after = +response.headers.get('Retry-After') || answer.retry_after || 0;
		answer.refused = !response.ok && response.status;
		return answer;
	} catch {
		return { refused: 503 }; // no network, too slow, or the page of some proxy
	} finally {
		clearTimeout(timer);
	}
}

/* Returns the answer with retry_after in seconds; throws it if it is a refusal. */
export async function call(method, path, content, extra) {
	const { token } = recall().session;
	const body = JSON.stringify(content);
	const timer = setTimeout(() => late.add(path), LATE_MS);
	const bearer = token && { Authorization: 'Bearer ' + token };
	const headers = { 'Content-Type': 'application/json', ...bearer, ...extra };
	for (let seconds = 1; ; seconds = Math.min(seconds * 2, WAIT_SECONDS_MAX)) {
		const answer = await tryOnce(path, { method, headers, body });
		const { refused, retry_after } = answer;
		const early = refused === 425 || refused === 429;
		if (!(refused >= 500 || (early && retry_after <= WAIT_SECONDS_MAX))) {
			clearTimeout(timer);
			late.delete(path);
			return refused ? Promise.reject(answer) : answer;
		}
		await pause(retry_after || seconds);
	}
}
