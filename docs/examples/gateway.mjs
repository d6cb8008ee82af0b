// The main tasks in Node, without a library:  node gateway.mjs send TO TEXT | wait ID | events AFTER | receive PORT SECRET
// GSMGW_SOCKET names the gateway's socket.
import { createHmac, randomUUID, timingSafeEqual } from "node:crypto";
import http from "node:http";

const socketPath = process.env.GSMGW_SOCKET ?? "/run/gsmgw/gsmgw.sock";

function open(method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request({ socketPath, method, path, headers }, resolve);
    request.on("error", reject);
    request.end(body);
  });
}

async function call(method, path, body, headers = {}) {
  const json = body && JSON.stringify(body);
  const response = await open(method, path, json, { "Content-Type": "application/json", ...headers });
  let text = "";
  for await (const piece of response) text += piece;
  const answer = JSON.parse(text);
  if (response.statusCode >= 300) throw new Error(`${answer.code}: ${answer.detail}`);
  return answer;
}

async function send(to, text) {
  // Repeating a lost request with the same Idempotency-Key does not send the message twice.
  const headers = { "Idempotency-Key": randomUUID() };
  for (let tries = 3; ; tries--) {
    try {
      return await call("POST", "/v1/messages", { to, text }, headers);
    } catch (error) {
      if (!error.code || tries === 1) throw error; // only errors of the connection have a code
    }
  }
}

// Events after a position; after a lost connection it continues at the same position.
async function* events(after, types = "message.*") {
  for (;;) {
    try {
      const headers = { "Last-Event-ID": String(after) };
      const stream = await open("GET", `/v1/events?types=${types}`, undefined, headers);
      let rest = "";
      // Leaving this loop closes the connection. readline would keep it open, and the program running.
      for await (const piece of stream.setEncoding("utf8")) {
        const lines = (rest + piece).split("\n");
        rest = lines.pop();
        for (const line of lines) {
          if (!line.startsWith("data:")) continue;
          const event = JSON.parse(line.slice(5));
          after = event.id;
          yield event;
        }
      }
    } catch (error) {
      if (!error.code) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}

async function wait(id) {
  const ends = ["delivered", "undelivered", "failed", "expired", "canceled"];
  // Read the position first, then the message, then the events since: so nothing is missed.
  const { last_event: cursor } = await call("GET", "/v1/stats");
  const message = await call("GET", `/v1/messages/${id}`);
  if (ends.includes(message.status)) return message;
  for await (const event of events(cursor)) {
    if (event.message_id === id && ends.includes(event.type.replace("message.", ""))) break;
  }
  return call("GET", `/v1/messages/${id}`);
}

// Standard Webhooks: HMAC-SHA256 over id, time stamp and body; one of several signatures must match.
function verified(secret, headers, body) {
  const { "webhook-id": id, "webhook-timestamp": stamp, "webhook-signature": given = "" } = headers;
  if (!id || Math.abs(Date.now() / 1000 - Number(stamp)) > 300) return false;
  const key = Buffer.from(secret.replace("whsec_", ""), "base64");
  const wanted = createHmac("sha256", key).update(`${id}.${stamp}.${body}`).digest();
  return given.split(" ").some((one) => {
    const value = Buffer.from(one.replace("v1,", ""), "base64");
    return value.length === wanted.length && timingSafeEqual(value, wanted);
  });
}

function receive(port, secret) {
  const seen = new Set(); // the same event may arrive twice, with the same webhook-id
  http.createServer(async (request, response) => {
    let body = "";
    for await (const piece of request.setEncoding("utf8")) body += piece;
    const ok = verified(secret, request.headers, body);
    if (ok && !seen.has(request.headers["webhook-id"])) {
      seen.add(request.headers["webhook-id"]);
      console.log(body);
    }
    response.writeHead(ok ? 204 : 401).end();
  }).listen(Number(port), "127.0.0.1");
}

const [task, ...args] = process.argv.slice(2);
const wanted = { send: 2, wait: 1, events: 1, receive: 2 };
if (wanted[task] !== args.length) {
  console.error("usage: node gateway.mjs send TO TEXT | wait ID | events AFTER | receive PORT SECRET");
  process.exit(2);
}
try {
  if (task === "send") console.log(JSON.stringify(await send(...args)));
  else if (task === "wait") console.log(JSON.stringify(await wait(...args)));
  else if (task === "receive") receive(...args);
  else for await (const event of events(Number(args[0]))) console.log(JSON.stringify(event));
} catch (error) {
  console.error(`gateway.mjs: ${error.message}`);
  process.exit(1);
}
