/* api - calls the server: a try ends in time, a call goes on until there is an answer. */
import { recall } from './memory.js';

const TRY_MS = 15000; // slow networks need seconds for the first byte
const WAIT_SECONDS_MAX = 10; // longer waits are told

export const late = new Set(); // being tried again
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

/* Returns the answer's JSON with retry_after in seconds; throws it if it is a refusal. */
export async function call(method, path, content, extra) {
	const { token } = recall().session;
	const body = JSON.stringify(content);
	const headers = { 'Content-Type': 'application/json', ...extra };
	if (token) {
		headers.Authorization = 'Bearer ' + token;
	}
	for (let seconds = 1; ; seconds = Math.min(seconds * 2, WAIT_SECONDS_MAX)) {
		const answer = await tryOnce(path, { method, headers, body });
		const { refused, retry_after } = answer;
		if (!/5..|42[59]/.test(refused) || retry_after > WAIT_SECONDS_MAX) {
			late.delete(path);
			return refused ? Promise.reject(answer) : answer;
		}
		late.add(path);
		await pause(retry_after || seconds);
	}
}
