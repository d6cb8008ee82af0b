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
  document.addEventListener("htmx:sse:after:connection", (event) => {
    show(false);
    if (event.detail.connection.status === 204) window.location.reload();  // the session has ended: the page asks to sign in
  });

  // hx-sse opens a stream again that was lost, but not one that could not be opened at all.
  const reopen = (event) => {
    const stream = event.target;
    const status = event.detail?.ctx?.response?.status;
    if (!stream.matches?.("[hx-sse\\:connect]") || stream._htmx?.sse || (status >= 400 && status < 500)) return;
    show(true);
    setTimeout(() => window.htmx.trigger(stream, "reopen"), 1500);
  };
  document.addEventListener("htmx:error", reopen);
  document.addEventListener("htmx:response:error", reopen);
  document.addEventListener("signed-out", (event) => { window.location.assign(event.detail?.data ?? window.location.href); });

  // A page that failed opens again.
  const again = document.querySelector("[data-again]");
  if (again) setTimeout(() => window.location.reload(), 1000 * Number(again.dataset.again));

  // A question before what cannot be undone.
  document.addEventListener("submit", (event) => {
    const question = event.submitter?.dataset.ask ?? event.target.dataset?.ask;
    if (!question) return;
    if (!window.confirm(question)) event.preventDefault();
    else event.target.append(Object.assign(document.createElement("input"), { type: "hidden", name: "sure", value: "1" }));
  });

  // Buttons that copy a field. Without a secure context the field is selected and copied the old way.
  for (const button of document.querySelectorAll("[data-copy]")) {
    const field = document.getElementById(button.dataset.copy);
    const label = button.querySelector("span");
    const usual = label.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(field.value);
      } catch {
        field.select();
        document.execCommand("copy");
      }
      label.textContent = button.dataset.copied;
      setTimeout(() => { label.textContent = usual; }, 2000);
    });
  }

  // The buttons of a campaign are those of its state: the page opens again when that changes, unless somebody types.
  const shown = document.querySelector("[data-shown-state]")?.dataset.shownState;
  if (shown) {
    document.addEventListener("htmx:sse:after:message", () => {
      const state = document.getElementById("progress")?.dataset.state;
      const isTyping = document.activeElement?.matches("input, select, textarea");
      if (state && state !== shown && !isTyping) window.location.reload();
    });
  }

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

  // Charts. The figures stand in an attribute, and in a table below; the library is loaded where a chart is.
  const drawn = new Map();
  let library;
  const plots = (figure) => {
    library ??= new Promise((resolve, reject) => {
      const style = Object.assign(document.createElement("link"), { rel: "stylesheet", href: figure.dataset.style });
      const script = Object.assign(document.createElement("script"), { src: figure.dataset.script });
      script.addEventListener("load", () => resolve(window.uPlot));
      script.addEventListener("error", reject);
      document.head.append(style, script);
    });
    return library;
  };
  const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
  const stack = (series) => {
    const sums = [];
    return series.map((each) => each.values.map((value, at) => (sums[at] = (sums[at] ?? 0) + (value ?? 0))));
  };
  const describe = (figure, data, at) => {
    const number = new Intl.NumberFormat(document.documentElement.lang);
    const values = data.series.map((each) => `${each.label} ${each.values[at] == null ? "–" : number.format(each.values[at])}`);
    figure.querySelector(".chart-point").textContent = at == null ? "" : `${data.labels[at]}: ${values.join(", ")}`;
  };
  const shape = (uPlot, each, kind) => {
    const stroke = colour(each.tone);
    if (kind === "line") return { label: each.label, stroke, width: 2, fill: `${stroke}22`, points: { show: each.values.length < 40 } };
    return { label: each.label, stroke, fill: stroke, width: 0, points: { show: false }, paths: uPlot.paths.bars({ size: [0.7, 60] }) };
  };
  const draw = async (figure) => {
    const plot = figure.querySelector(".chart-plot");
    const text = figure.dataset.chart;
    const known = drawn.get(figure);
    if (known?.text === text && plot.contains(known.chart.root)) return;
    const uPlot = await plots(figure);
    const data = JSON.parse(text);
    const isStacked = data.kind === "stacked";
    const values = isStacked ? stack(data.series) : data.series.map((each) => each.values);
    const order = data.series.map((_, at) => at);
    if (isStacked) order.reverse();  // the highest sum is drawn first, behind the others
    const points = [data.labels.map((_, at) => at), ...order.map((at) => values[at])];
    const form = JSON.stringify([data.kind, data.labels, data.series.map((each) => [each.label, each.tone])]);
    if (known?.form === form && known.text && plot.contains(known.chart.root)) {
      Object.assign(known, { text, data });
      known.chart.setData(points);
      return;
    }
    known?.chart.destroy();
    plot.replaceChildren();
    const number = new Intl.NumberFormat(document.documentElement.lang, { notation: "compact" });
    const axis = { stroke: colour("quiet"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line"), width: 1 } };
    const chart = new uPlot({
      width: plot.clientWidth, height: 220,
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false } },
      scales: {
        x: { time: false, range: (_, low, high) => [low - 0.6, high + 0.6] },
        y: { range: (_, low, high) => (data.zero ? [Math.min(0, low ?? 0), Math.max(1, (high ?? 0) * 1.08)] : [low - 3, high + 3]) },
      },
      axes: [
        { ...axis, grid: { show: false }, space: 10 + 5.6 * Math.max(...data.labels.map((each) => each.length), 4), size: 32, incrs: [1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000],
          values: (_, at) => at.map((each) => data.labels[each] ?? "") },
        { ...axis, size: 48, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6],
          values: (_, at) => at.map((each) => number.format(each)) },
      ],
      series: [{}, ...order.map((at) => shape(uPlot, data.series[at], data.kind))],
      hooks: { setCursor: [(each) => describe(figure, drawn.get(figure)?.data ?? data, each.cursor.idx)] },
    }, points, plot);
    drawn.set(figure, { chart, text, data, form });
  };
  const drawAll = () => {
    for (const figure of drawn.keys()) if (!figure.isConnected) drawn.delete(figure);
    document.querySelectorAll("[data-chart]").forEach((figure) => draw(figure));
  };
  drawAll();
  document.addEventListener("htmx:sse:after:message", drawAll);
  document.addEventListener("htmx:after:swap", drawAll);
  window.addEventListener("resize", () => drawn.forEach(({ chart }, figure) => chart.setSize({ width: figure.querySelector(".chart-plot").clientWidth, height: 220 })));
  window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { drawn.forEach((known) => { known.text = ""; }); drawAll(); });

  // A log keeps its newest rows, and follows them while the reader is at its end.
  const log = document.querySelector("[data-keep]");
  if (log) {
    let follows = true;
    document.addEventListener("htmx:sse:before:message", () => {
      follows = log.scrollTop + log.clientHeight > log.scrollHeight - 40;
    });
    document.addEventListener("htmx:sse:after:message", () => {
      while (log.children.length > Number(log.dataset.keep)) log.firstElementChild.remove();
      if (follows) log.scrollTop = log.scrollHeight;
    });
  }
})();
