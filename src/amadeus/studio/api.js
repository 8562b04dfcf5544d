// The server's API: requests, readable errors, and the events of jobs.

const ROOT = "/api/v1";
const KINDS = ["state", "bar", "note", "draft", "progress"];
const ENDS = ["done", "failed", "cancelled"];
const PATIENCE = 4000; // milliseconds to wait for a lost connection

/** An error response; its message is meant for users. */
export class ApiError extends Error {
  constructor(message, code, status) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

/** Identifies this client; the server takes jobs from its clients in turn. */
function client() {
  let id = localStorage.getItem("client");
  if (!id) localStorage.setItem("client", (id = crypto.getRandomValues(new Uint32Array(2)).join("-")));
  return id;
}

async function request(method, path, { json, bytes, type } = {}) {
  const headers = { "X-Amadeus-Client": client() };
  if (json !== undefined) headers["Content-Type"] = "application/json";
  if (type) headers["Content-Type"] = type;
  let response;
  try {
    response = await fetch(ROOT + path, { method, headers, body: bytes ?? (json && JSON.stringify(json)) });
  } catch {
    throw new ApiError("The server does not answer. Restart it with “amadeus serve”, then try again.", "offline");
  }
  if (response.ok) return response;
  const fault = await response.json().then((body) => body.error, () => null);
  if (response.status === 401) {
    throw new ApiError("This server requires an access token. Open the address that it printed when it started.", "unauthorized", 401);
  }
  throw new ApiError(fault?.message ?? `The server answered with status ${response.status}.`, fault?.code, response.status);
}

const json = async (...given) => (await request(...given)).json();

export const api = {
  info: () => json("GET", "/info"),
  parse: (body) => json("POST", "/prompts/parse", { json: body }),
  pieces: (query = {}) => json("GET", `/pieces?${new URLSearchParams(query)}`),
  piece: (id) => json("GET", `/pieces/${id}`),
  profile: (id) => json("GET", `/pieces/${id}/profile`),
  notes: (id) => json("GET", `/pieces/${id}/notes`),
  takes: async (id) => (await json("GET", `/pieces/${id}/takes`)).pieces,
  change: (id, change) => json("PATCH", `/pieces/${id}`, { json: change }),
  remove: (id) => request("DELETE", `/pieces/${id}`),
  upload: (bytes, title) =>
    json("POST", `/pieces?${new URLSearchParams({ title })}`, { bytes, type: "audio/midi" }),
  file: async (id, kind) => (await request("GET", `/pieces/${id}/${kind}`)).blob(),
  soundfont: async () => (await request("GET", "/soundfont")).arrayBuffer(),
  submit: (kind, body) => json("POST", `/jobs/${kind}`, { json: body }),
  cancel: (id) => request("DELETE", `/jobs/${id}`),
  job: (id) => json("GET", `/jobs/${id}`),
};

/** Follows a job to its end, calling `tell(event, data)` for each event; resolves with the job. */
export function follow(id, tell) {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const events = new EventSource(`${ROOT}/jobs/${id}/events`);
    for (const kind of KINDS) events.addEventListener(kind, (e) => tell(kind, JSON.parse(e.data)));
    for (const end of ENDS) {
      events.addEventListener(end, (e) => {
        isOver = true;
        events.close();
        resolve(JSON.parse(e.data));
      });
    }
    // The browser reconnects after a lost connection, but not after a closed one.
    events.onerror = () => {
      const patience = events.readyState === EventSource.CLOSED ? 0 : PATIENCE;
      setTimeout(() => events.readyState === EventSource.OPEN || giveUp(), patience);
    };
    const giveUp = async () => {
      if (isOver) return;
      events.close();
      const job = await api.job(id).catch(reject);
      if (ENDS.includes(job?.state)) resolve(job);
      else reject(new ApiError("The connection was lost. The new piece will appear under Pieces.", "lost"));
    };
  });
}
