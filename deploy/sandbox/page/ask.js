// ask - asks the sandbox for JSON.

const TIMEOUT_MS = 10000;

export async function ask(path, options) {
	const signal = AbortSignal.timeout(TIMEOUT_MS);
	const response = await fetch(path, { cache: "no-store", signal, ...options });
	const answer = await response.json();
	if (!response.ok) {
		throw new Error(answer.error);
	}
	return answer;
}
