// What the server says of notebooks: asked once for the badge and the panel, and followed in a run.
export function define({ ServerConnection, URLExt, Signal }) {
  const POLL = 400; // milliseconds between two questions about a run
  // Of several steps of a notebook, the state that is shown.
  const WORST = [
    "not generated",
    "failed",
    "running",
    "stale",
    "restorable",
    "waiting",
    "never run",
    "fresh",
  ];
  const SIGNS = {
    fresh: "●",
    stale: "▲",
    waiting: "◇",
    "never run": "○",
    failed: "✖",
    running: "▶",
    restorable: "↺",
    "not generated": "◌",
  };

  function address(way, query) {
    const { baseUrl } = ServerConnection.makeSettings();
    return URLExt.join(baseUrl, "nbsnake", way) + URLExt.objectToQueryString(query);
  }

  // The answer's JSON; an Error with the server's message where there is none.
  async function ask(way, query, method = "GET", body = undefined) {
    const settings = ServerConnection.makeSettings();
    const init = { method, body: body && JSON.stringify(body) };
    const reply = await ServerConnection.makeRequest(address(way, query), init, settings);
    const data = await reply.json();
    if (!reply.ok && reply.status !== 422) throw new Error(data.message || reply.statusText);
    return data;
  }

  // The steps of an answer; while a run goes on, as far as it is.
  function stepsOf(answer) {
    const { running, progress } = answer?.run ?? {};
    if (!running) return answer?.steps ?? [];
    const now = new Map();
    for (const name of [...progress.done, ...progress.restored]) now.set(name, "fresh");
    for (const name of progress.running) now.set(name, "running");
    for (const name of progress.failed) now.set(name, "failed");
    return answer.steps.map((step) => {
      const state = now.get(step.step);
      return state && state !== step.state ? { ...step, state, reasons: [] } : step;
    });
  }

  // The step of the notebook that is shown, and its state; null where it is no step.
  function ownOf(answer) {
    const own = stepsOf(answer).filter((step) => step.own);
    for (const state of WORST) {
      const step = own.find((each) => each.state === state);
      if (step) return step;
    }
    if (!answer?.faulty) return null;
    return { step: "", state: "not generated", reasons: [], own: true };
  }

  class States {
    constructor() {
      this.changed = new Signal(this); // with the path of the notebook
      this.answers = new Map();
      this.asking = new Map();
      this.followed = new Set();
    }

    // Ask again; a question that is on its way may be too early, so another one follows it.
    async refresh(path) {
      const before = this.asking.get(path);
      if (before?.next) return before.next;
      const task = { next: null };
      task.done = (async () => {
        if (before) await before.done;
        if (before) this.asking.set(path, task);
        await this.fetch(path);
        if (this.asking.get(path) === task) this.asking.delete(path);
      })();
      if (before) before.next = task.done;
      else this.asking.set(path, task);
      return task.done;
    }

    async fetch(path) {
      try {
        this.answers.set(path, await ask("status", { path }));
      } catch (error) {
        this.answers.set(path, { project: null, steps: [], why: String(error.message ?? error) });
      }
      this.changed.emit(path);
      if (this.answers.get(path).run?.running) void this.follow(path);
    }

    async follow(path) {
      const project = this.answers.get(path)?.project;
      if (this.followed.has(project)) return;
      this.followed.add(project);
      let run = { running: true };
      while (run?.running) {
        await new Promise((resolve) => setTimeout(resolve, POLL));
        try {
          ({ run } = await ask("progress", { path }));
        } catch {
          break; // the notebook was renamed, or the server has ended
        }
        for (const each of this.pathsIn(project)) {
          this.answers.set(each, { ...this.answers.get(each), run });
          this.changed.emit(each);
        }
      }
      this.followed.delete(project);
      for (const each of this.pathsIn(project)) await this.refresh(each);
    }

    pathsIn(project) {
      const all = [...this.answers].filter(([, answer]) => answer.project === project);
      return all.map(([path]) => path);
    }

    forget(path) {
      this.answers.delete(path);
    }

    async run(path, query) {
      await ask("run", { path, ...query }, "POST");
      await this.refresh(path);
    }
  }

  return { address, ask, SIGNS, stepsOf, ownOf, States };
}
