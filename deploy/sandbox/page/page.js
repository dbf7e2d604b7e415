// page - shows the newest messages and operates the switches, asking the server every two seconds.

const POLL_MS = 2000;
const TIMEOUT_MS = 10000;
const SHOWN_MAX = 100;
const MODES = {
	ok: "works",
	slow: "is slow",
	refuse_temporarily: "refuses, try again later",
	refuse_permanently: "refuses for good",
	accept_then_drop: "accepts, then loses it",
	take_then_break: "takes it, then breaks the connection",
	hang: "does not answer",
};

const list = document.querySelector("#messages");
const state = document.querySelector("#state");
const contains = document.querySelector("#contains");
const shown = new Map(); // message number -> its <li>
let tag = "";
let timer = 0;

async function ask(path, options) {
	const signal = AbortSignal.timeout(TIMEOUT_MS);
	const response = await fetch(path, { cache: "no-store", signal, ...options });
	const answer = await response.json();
	if (!response.ok) {
		throw new Error(answer.error);
	}
	return answer;
}

// The messages that the server has now, or null if they are those that we have already.
async function askForNews() {
	const query = new URLSearchParams({ limit: SHOWN_MAX, contains: contains.value.trim() });
	const response = await fetch(`/messages?${query}`, {
		cache: "no-store",
		headers: { "If-None-Match": tag },
		signal: AbortSignal.timeout(TIMEOUT_MS),
	});
	if (response.status === 304) {
		return null;
	}
	const messages = await response.json();
	tag = response.headers.get("ETag");
	return messages;
}

function build(message) {
	const template = document.querySelector(`template#${message.channel}`);
	const item = template.content.firstElementChild.cloneNode(true);
	for (const field of item.querySelectorAll("[data-field]")) {
		field.textContent = message[field.dataset.field];
	}
	const time = item.querySelector("time");
	time.dateTime = message.at;
	time.textContent = new Date(message.at).toLocaleTimeString();
	const frame = item.querySelector("iframe");
	if (frame && message.html) {
		frame.addEventListener("load", () => fit(frame));
		frame.src = `/messages/${message.number}/html`;
	} else if (frame) {
		frame.remove();
		item.querySelector("details").open = true;
	}
	return item;
}

// The mail is as high as its content: the frame runs no script, so we may look inside.
function fit(frame) {
	const page = frame.contentDocument?.documentElement;
	if (page) {
		const border = frame.offsetHeight - frame.clientHeight;
		frame.style.height = `${Math.min(page.scrollHeight, 1200) + border}px`;
	}
}

function show(messages) {
	const wanted = new Set(messages.map((message) => message.number));
	for (const [number, item] of shown) {
		if (!wanted.has(number)) {
			item.remove();
			shown.delete(number);
		}
	}
	let next = list.firstElementChild;
	for (const message of messages) {
		const item = shown.get(message.number);
		if (item) {
			next = item.nextElementSibling;
		} else {
			const added = build(message);
			shown.set(message.number, added);
			list.insertBefore(added, next);
		}
	}
	state.textContent = describe(messages.length);
}

function describe(count) {
	if (count === 0) {
		return contains.value ? "Nothing for that contact yet." : "Nothing yet.";
	}
	return count === SHOWN_MAX ? `The newest ${SHOWN_MAX} are shown.` : "";
}

async function refresh() {
	clearTimeout(timer);
	try {
		const messages = await askForNews();
		if (messages) {
			show(messages);
			showCounts(await ask("/counts"));
		}
		showSwitches(await ask("/switches"));
	} catch (error) {
		tag = "";
		state.textContent = `The sandbox does not answer (${error.message}). Trying again.`;
	}
	timer = setTimeout(refresh, document.hidden ? POLL_MS * 10 : POLL_MS);
}

function showCounts(counts) {
	for (const place of document.querySelectorAll("[data-count]")) {
		place.textContent = counts[place.dataset.count].toLocaleString();
	}
}

function showSwitches(switches) {
	for (const field of document.querySelectorAll("fieldset")) {
		const { mode, delay_ms: delay } = switches[field.dataset.channel];
		field.dataset.mode = mode;
		if (!field.contains(document.activeElement)) {
			field.querySelector("select").value = mode;
			field.querySelector("input").value = delay;
		}
	}
}

async function change(field) {
	const wanted = {
		[field.dataset.channel]: {
			mode: field.querySelector("select").value,
			delay_ms: field.querySelector("input").valueAsNumber || 0,
		},
	};
	try {
		showSwitches(await ask("/switches", { method: "PUT", body: JSON.stringify(wanted) }));
	} catch (error) {
		state.textContent = error.message;
	}
}

for (const field of document.querySelectorAll("fieldset")) {
	for (const [mode, words] of Object.entries(MODES)) {
		field.querySelector("select").add(new Option(words, mode));
	}
	field.addEventListener("change", () => change(field));
}
contains.addEventListener("input", () => {
	tag = "";
	clearTimeout(timer);
	timer = setTimeout(refresh, 250);
});
document.querySelector("#clear").addEventListener("click", async () => {
	await ask("/messages", { method: "DELETE" }).catch(() => {});
	refresh();
});
document.addEventListener("visibilitychange", () => document.hidden || refresh());
refresh();
