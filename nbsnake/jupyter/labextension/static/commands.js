// The commands of the menu, the badge and the palette; they act on the current notebook.
export function define({ Dialog, IFrame, MainAreaWidget, Widget, address, ask, element, ownOf, showDialog, showErrorMessage }) {
  const { okButton } = Dialog;

  async function guarded(work) {
    try {
      await work();
    } catch (error) {
      await showErrorMessage("nbsnake", error);
    }
  }

  function showPage(app, title, url) {
    if (app.name !== "JupyterLab") {
      window.open(url, "_blank", "noopener"); // Notebook shows one document in a page
      return;
    }
    const content = new IFrame({ sandbox: ["allow-scripts", "allow-popups"] });
    content.url = url;
    const widget = new MainAreaWidget({ content });
    widget.addClass("nbsnake-page");
    widget.title.label = title;
    widget.title.closable = true;
    app.shell.add(widget, "main");
    app.shell.activateById(widget.id);
  }

  async function showWhy(path, step) {
    const { text } = await ask("why", { path, ...(step && { step }) });
    const body = new Widget({ node: element("pre", "nbsnake-why", text) });
    await showDialog({ title: `Why: ${step}`, body, buttons: [okButton()] });
  }

  async function showCell(panel, number) {
    const { content } = panel;
    content.activeCellIndex = number - 1;
    content.deselectAll();
    await content.scrollToItem?.(number - 1, "center");
    panel.activate();
  }

  function addCommands({ app, tracker, states, showPanel, showParameters }) {
    const current = () => tracker.currentWidget;
    const path = () => current()?.context.localPath;
    const answer = () => states.answers.get(path());
    const own = () => ownOf(answer());
    const page = (way, title, query) =>
      showPage(app, title, address(way, { path: path(), ...query }));
    const save = async () => {
      if (current().context.model.dirty) await current().context.save();
    };

    function add(name, label, is, execute) {
      app.commands.addCommand(`nbsnake:${name}`, {
        label,
        isEnabled: () => Boolean(is()),
        isVisible: () => Boolean(answer()?.project && (name !== "run-step" || own())),
        execute: () => guarded(execute),
      });
    }

    const idle = () => !answer()?.run?.running;
    add("run-step", "Run step", () => own() && idle(), async () => {
      await save();
      await states.run(path(), {});
    });
    add("run-all", "Run all steps", idle, async () => {
      await save();
      await states.run(path(), { all: "1" });
    });
    add("stop", "Stop the run", () => !idle(), () => ask("run", { path: path() }, "DELETE"));
    add("why", "Show why", own, () => showWhy(path(), own().step));
    add("failed-cell", "Go to the failed cell", () => own()?.failure?.cell, () =>
      showCell(current(), own().failure.cell),
    );
    add("executed", "Open the executed notebook", () => own()?.executed, () =>
      page("executed", `Run of ${own().step}`, { step: own().step }),
    );
    add("executed-failed", "Open the failed notebook", () => own()?.executed_failed, () =>
      page("executed", `Failure of ${own().step}`, { step: own().step, failed: "1" }),
    );
    add("report", "Open the report", answer, () => page("report", "Report", {}));
    add("parameters", "Parameters", answer, showParameters);
    add("panel", "Show the steps", answer, showPanel);
  }

  return { addCommands, guarded };
}
