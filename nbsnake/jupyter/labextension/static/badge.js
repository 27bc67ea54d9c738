// The badge in the toolbar of a notebook: the state of its step, and why.
export function define({ Widget, Menu, SIGNS, ownOf }) {
  const ITEMS = [
    "nbsnake:run-step",
    "nbsnake:run-all",
    "nbsnake:stop",
    "",
    "nbsnake:why",
    "nbsnake:failed-cell",
    "nbsnake:executed",
    "nbsnake:executed-failed",
    "nbsnake:report",
    "",
    "nbsnake:parameters",
    "nbsnake:panel",
  ];

  // What the badge has room for: the first line, and of a fault in this notebook not its path.
  function shortOf(reason, notebook) {
    const line = reason.split("\n", 1)[0];
    const place = line.split(", ", 1)[0];
    const isHere = place.endsWith(".ipynb") && notebook?.endsWith(place);
    return isHere ? line.slice(place.length + 2) : line;
  }

  // The words of the badge, and all that is known.
  function words(answer) {
    const own = ownOf(answer);
    if (!own) return answer?.why ? ["", "nbsnake", answer.why] : ["", "", ""];
    const isFaulty = own.state === "not generated";
    const all = [...(isFaulty && answer.fault ? [answer.fault] : []), ...own.reasons];
    const { running, progress } = answer.run ?? {};
    const ended = running ? progress.done.length + progress.restored.length : 0;
    const run = running && progress.total ? ` (run: ${ended} of ${progress.total} jobs)` : "";
    const reason = all.length ? `: ${shortOf(all[0], own.notebook)}` : "";
    return [own.state, `${own.state}${run}${reason}`, [own.step, ...all].join("\n").trim()];
  }

  class Badge extends Widget {
    constructor(panel, states, commands) {
      const node = document.createElement("div");
      super({ node });
      this.addClass("nbsnake-badge");
      this.button = document.createElement("button");
      this.button.setAttribute("aria-haspopup", "menu");
      this.button.append(document.createElement("span"), document.createElement("span"));
      node.append(this.button);
      this.panel = panel;
      this.states = states;
      this.menu = new Menu({ commands });
      for (const command of ITEMS) {
        this.menu.addItem(command ? { command } : { type: "separator" });
      }
      this.button.onclick = () => {
        const { left, bottom } = this.button.getBoundingClientRect();
        this.menu.open(left, bottom);
      };
      states.changed.connect(this.onChanged, this);
      this.show_();
    }

    dispose() {
      if (this.isDisposed) return;
      this.states.changed.disconnect(this.onChanged, this);
      this.menu.dispose();
      super.dispose();
    }

    onChanged(_, path) {
      if (path === this.panel.context.localPath) this.show_();
    }

    show_() {
      const answer = this.states.answers.get(this.panel.context.localPath);
      const [state, text, title] = words(answer);
      const [sign, label] = this.button.children;
      sign.textContent = SIGNS[state] ?? "";
      label.textContent = text;
      this.button.title = title;
      this.button.dataset.state = state;
      this.setHidden(!text);
      this.markFailed(ownOf(answer)?.failure?.cell);
    }

    markFailed(number) {
      (this.panel.content.widgets ?? []).forEach((cell, index) =>
        cell.toggleClass("nbsnake-failed", index + 1 === number),
      );
    }
  }

  return { Badge };
}
