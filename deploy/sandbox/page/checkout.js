// checkout - counts down to the deadline, and lets a payment be sent only once.

const deadline = document.querySelector("time");
const left = document.querySelector("#left");

function tell() {
	const seconds = Math.floor((new Date(deadline.dateTime) - Date.now()) / 1000);
	if (seconds < 0) {
		left.textContent = ": that is over. Pay all the same, to see what happens";
		return;
	}
	const hours = Math.floor(seconds / 3600);
	const minutes = Math.floor(seconds / 60) % 60;
	const parts = [minutes, seconds % 60].map((part) => String(part).padStart(2, "0"));
	left.textContent = `, ${hours ? `${hours}:` : ""}${parts.join(":")} left`;
	setTimeout(tell, 1000);
}

if (deadline) {
	deadline.textContent = new Date(deadline.dateTime).toLocaleTimeString();
	tell();
}
document.querySelector("form")?.addEventListener("submit", (event) => {
	const form = event.currentTarget;
	if (form.ariaBusy) {
		event.preventDefault();
	}
	form.ariaBusy = "true";
});
// A page that comes back from the browser's memory may be sent again.
addEventListener("pageshow", () => document.querySelector("form")?.removeAttribute("aria-busy"));
