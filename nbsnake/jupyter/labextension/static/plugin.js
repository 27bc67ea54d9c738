// The plugin: a badge for each notebook, one panel for the current one, and the commands.
export function define({ INotebookTracker, IToolbarWidgetRegistry, ICommandPalette, States, Badge, Panel, addCommands, guarded }) {
  const COMMANDS = /^nbsnake:/;

  function activate(app, tracker, toolbars, palette) {
    const states = new States();
    const { contents } = app.serviceManager;
    const refresh = () => {
      const path = tracker.currentWidget?.context.localPath;
      if (path) void states.refresh(path);
    };

    const panel = new Panel(states, {
      open: ({ notebook }) => app.commands.execute("docmanager:open", { path: notebook }),
      run: ({ step }) => guarded(() => states.run(panel.path, { step })),
    });
    app.shell.add(panel, "right", { rank: 850, type: "nbsnake" });
    const showPanel = () => {
      if ("expandRight" in app.shell) app.shell.expandRight(panel.id);
      app.shell.activateById(panel.id);
    };
    const showParameters = () => {
      showPanel();
      panel.showParameters();
    };
    addCommands({ app, tracker, states, showPanel, showParameters });
    const commands = app.commands.listCommands().filter((name) => COMMANDS.test(name));
    for (const command of commands) palette?.addItem({ command, category: "nbsnake" });
    const update = () => {
      for (const command of commands) app.commands.notifyCommandChanged(command);
    };

    toolbars.addFactory("Notebook", "nbsnake-state", (notebook) => {
      const { context } = notebook;
      const badge = new Badge(notebook, states, app.commands);
      void context.ready.then(() => states.refresh(context.localPath));
      context.saveState.connect((_, state) => {
        if (state === "completed") void states.refresh(context.localPath);
      });
      notebook.disposed.connect(() => states.forget(context.localPath));
      return badge;
    });
    states.changed.connect(update);
    tracker.currentChanged.connect(() => {
      panel.follow(tracker.currentWidget?.context.localPath ?? "");
      update();
      refresh();
    });
    contents.fileChanged.connect((_, { type, newValue }) => {
      if (type === "save" && newValue?.type !== "notebook") refresh(); // such as params.yaml
    });
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden) refresh(); // something may have run in a terminal
    });
  }

  const plugin = {
    id: "nbsnake:plugin",
    description: "The state of the notebook's step, and its runs",
    autoStart: true,
    requires: [INotebookTracker, IToolbarWidgetRegistry],
    optional: [ICommandPalette],
    activate,
  };
  return { plugin };
}
