// The side panel: the steps of the current notebook's project, the run, and the parameters.
export function define({ Widget, LabIcon, PanelLayout, Form, element, graph, stepsOf }) {
  const icon = new LabIcon({
    name: "nbsnake:steps",
    svgstr:
      '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">' +
      '<g class="jp-icon3" fill="#616161"><circle cx="6" cy="5" r="3"/><circle cx="6" cy="19" r="3"/>' +
      '<circle cx="18" cy="12" r="3"/><path d="M5 5h2v14H5zM6 11h12v2H6z"/></g></svg>',
  });

  class Panel extends Widget {
    constructor(states, actions) {
      super();
      this.id = "nbsnake-panel";
      this.addClass("nbsnake-panel");
      this.title.icon = icon;
      this.title.caption = "nbsnake: steps, run and parameters";
      this.states = states;
      this.actions = actions;
      this.path = null;
      this.top = new Widget();
      this.form = new Form(() => void states.refresh(this.path));
      this.more = new Widget({ node: element("details", "nbsnake-parameters") });
      this.more.node.append(element("summary", "", "Parameters"));
      this.more.layout = new PanelLayout();
      this.more.layout.addWidget(this.form);
      this.more.node.ontoggle = () => this.loadForm();
      this.layout = new PanelLayout();
      this.layout.addWidget(this.top);
      this.layout.addWidget(this.more);
      states.changed.connect((_, path) => path === this.path && this.show_());
      this.show_();
    }

    // Show the project of another notebook, "" for none.
    follow(path) {
      if (this.path === path) return;
      this.path = path;
      this.show_();
      this.loadForm();
    }

    showParameters() {
      this.more.node.open = true;
      this.more.node.scrollIntoView();
    }

    loadForm() {
      if (this.path && this.more.node.open) void this.form.load(this.path);
    }

    show_() {
      const answer = this.states.answers.get(this.path);
      const steps = stepsOf(answer);
      this.more.setHidden(!answer?.project);
      this.top.node.replaceChildren(
        element("h2", "", "Steps"),
        element("p", "nbsnake-totals", this.totals(answer)),
        ...this.fault(answer),
        ...(steps.length ? [graph(steps, this.actions)] : []),
        ...(answer?.run ? this.run(answer.run) : []),
      );
    }

    totals(answer) {
      if (answer?.project) return answer.totals || "No notebook here is a step yet.";
      return answer?.why || "The current notebook is in no project of nbsnake.";
    }

    fault(answer) {
      if (!answer?.fault) return [];
      return [element("pre", "nbsnake-fault", `nothing can be generated:\n${answer.fault}`)];
    }

    run({ running, code, lines, progress }) {
      const ended = progress.done.length + progress.restored.length + progress.failed.length;
      const bar = element("progress", "");
      bar.max = progress.total || 1;
      if (progress.total || !running) bar.value = ended;
      bar.setAttribute("aria-label", "jobs of the run that have ended");
      const how = code ? `ended with code ${code}` : "ended";
      const words = running ? `running: ${ended} of ${progress.total || "?"} jobs` : how;
      const printed = element("pre", "nbsnake-printed", lines.slice(-30).join("\n"));
      const head = element("p", "nbsnake-totals", words);
      return [element("h2", "", "Run"), head, ...(running ? [bar] : []), printed];
    }
  }

  return { Panel };
}
