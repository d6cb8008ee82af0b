// What pages need beside htmx. Every page works without it.
"use strict";

(() => {
  // The time zone, for visitors who have not chosen one.
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.includes(`gsmgw_zone=${zone}`)) {
    document.cookie = `gsmgw_zone=${zone}; path=/; max-age=31536000; samesite=lax`;
  }

  // The banner while the server of the page does not answer.
  const offline = document.getElementById("offline");
  const show = (lost) => { if (offline) offline.hidden = !lost; };
  document.addEventListener("htmx:sse:error", () => show(true));
  document.addEventListener("htmx:sse:after:connection", () => show(false));
  document.addEventListener("signed-out", (event) => { window.location.assign(event.detail?.data ?? window.location.href); });

  // A page that failed opens again.
  const again = document.querySelector("[data-again]");
  if (again) setTimeout(() => window.location.reload(), 1000 * Number(again.dataset.again));

  // A question before what cannot be undone.
  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.ask ?? event.target.dataset?.ask;
    if (question && !window.confirm(question)) event.preventDefault();
  });

  // The menu closes with Escape and when something else is clicked.
  const menu = document.getElementById("menu");
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && menu?.open) { menu.open = false; menu.querySelector("summary").focus(); }
  });
  document.addEventListener("click", (event) => {
    if (menu?.open && !menu.contains(event.target)) menu.open = false;
  });

  // A thread shows its newest message, and follows it while the reader is at the end.
  const end = document.getElementById("thread-end");
  const isAtEnd = () => window.innerHeight + window.scrollY > document.body.scrollHeight - 160;
  if (end) {
    end.scrollIntoView({ block: "end" });
    let follows = true;
    document.addEventListener("htmx:sse:before:message", () => { follows = isAtEnd(); });
    document.addEventListener("htmx:sse:after:message", () => { if (follows) end.scrollIntoView({ block: "end" }); });
  }

  // "/" in an empty reply opens the canned answers; Ctrl+Enter sends.
  const reply = document.getElementById("reply-text");
  const answers = document.getElementById("answers");
  reply?.addEventListener("keydown", (event) => {
    if (event.key === "/" && reply.value === "" && answers) {
      event.preventDefault();
      answers.open = true;
      answers.querySelector("button")?.focus();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      reply.form.requestSubmit();
    }
  });
  answers?.addEventListener("click", (event) => {
    const text = event.target.closest("[data-answer]")?.dataset.answer;
    if (text === undefined || !reply) return;
    event.preventDefault();
    reply.value = reply.value ? `${reply.value} ${text}` : text;
    answers.open = false;
    reply.focus();
    reply.dispatchEvent(new Event("input", { bubbles: true }));
  });
  answers?.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { answers.open = false; reply?.focus(); }
  });
})();
