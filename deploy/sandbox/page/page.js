// page - shows the newest messages or the payments, asking the server every two seconds.

import { ask } from "/ask.js";
import { refreshPayments } from "/payments.js";
import { showSwitches, startSwitches } from "/switches.js";

const POLL_MS = 2000;
const TIMEOUT_MS = 10000;
const SHOWN_MAX = 100;

const list = document.querySelector("#list");
const contains = document.querySelector("#contains");
const shown = new Map(); // message number -> its <li>
let tag = "";
let timer = 0;

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
	say(describe(messages.length));
}

function describe(count) {
	if (count === 0) {
		return contains.value ? "Nothing for that contact yet." : "Nothing yet.";
	}
	return count === SHOWN_MAX ? `The newest ${SHOWN_MAX} are shown.` : "";
}

async function refreshMessages() {
	const messages = await askForNews();
	if (messages) {
		show(messages);
		showCounts(await ask("/counts"));
	}
}

async function refresh() {
	clearTimeout(timer);
	try {
		if (view() === "payments") {
			await refreshPayments(showCounts);
			say("");
		} else {
			await refreshMessages();
		}
		showSwitches(await ask("/switches"));
	} catch (error) {
		tag = "";
		say(`The sandbox does not answer (${error.message}). Trying again.`);
	}
	clearTimeout(timer); // another refresh may have begun meanwhile
	timer = setTimeout(refresh, document.hidden ? POLL_MS * 10 : POLL_MS);
}

function showCounts(counts) {
	for (const place of document.querySelectorAll("[data-count]")) {
		if (place.dataset.count in counts) {
			place.textContent = counts[place.dataset.count].toLocaleString();
		}
	}
}

function say(text) {
	document.querySelector(`[data-view="${view()}"] [role="status"]`).textContent = text;
}

function view() {
	return location.hash === "#payments" ? "payments" : "messages";
}

function showView() {
	for (const section of document.querySelectorAll("[data-view]")) {
		section.hidden = section.dataset.view !== view();
	}
	for (const link of document.querySelectorAll("nav a")) {
		link.ariaCurrent = link.hash === `#${view()}` ? "page" : null;
	}
	tag = "";
	refresh();
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
addEventListener("hashchange", showView);
startSwitches((error) => say(error.message));
showView();
