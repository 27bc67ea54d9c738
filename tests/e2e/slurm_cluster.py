"""A real Slurm of several nodes on one machine, for tests and benchmarks.

Everything lies below one folder, listens on the loopback interface only and needs no systemd. The
daemons run in the foreground as children of this process, so that each is known by its id.

    python tests/e2e/slurm_cluster.py FOLDER        run one until Ctrl-C; then, in another shell:
    . FOLDER/env.sh && sinfo
"""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

PACKAGES = "munge slurmctld slurmd slurm-client"
PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "sinfo", "scontrol")
SBIN = ("/usr/sbin", "/sbin")
CONFIG = """\
ClusterName=tests
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort={port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge.sock
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/state
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmdSpoolDir={folder}/spool/%n
SlurmdParameters=config_overrides
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
SchedulerParameters=bf_interval=2,sched_min_interval=100000
PropagateResourceLimits=NONE
ReturnToService=2
SlurmdTimeout=10
SlurmctldTimeout=20
InactiveLimit=0
KillWait=2
OverTimeLimit=0
MinJobAge={min_job_age}
MessageTimeout=5
Prolog={folder}/prolog.sh
"""
# What a node calls before each job; where it fails, the node takes no more jobs.
PROLOG = """\
#!/bin/sh
! [ -e "{folder}/refusing/$SLURMD_NODENAME" ]
"""
NODE = """\
NodeName={name} NodeHostname=localhost NodeAddr=127.0.0.1 Port={port} CPUs={cpus} \
RealMemory={memory} State=UNKNOWN
"""
PARTITIONS = """\
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE DefaultTime=60 DefMemPerCPU=200 State=UP
PartitionName=short Nodes=node1 MaxTime=10 DefMemPerCPU=200 State=UP
"""


def why_not() -> str:
    """Why no cluster can be started here, "" where one can."""
    path = os.pathsep.join([os.environ["PATH"], *SBIN])
    absent = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if absent:
        return (
            f"Slurm is not installed ({', '.join(absent)}); on Debian: apt-get install {PACKAGES}"
        )
    return "" if os.geteuid() == 0 else "Slurm's daemons need root here, to start jobs"


def wait_until(what: str, is_so: Callable[[], bool], seconds: float = 60) -> None:
    """Wait for a condition, but not for ever."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"after {seconds:.0f} s still not: {what}")
        time.sleep(0.1)


class Cluster:
    """Nodes ``node1``, ``node2``, ... of ``cpus`` CPUs and ``memory`` MB each, which may not exist.

    ``env`` is what a person's shell has at the login node.
    """

    def __init__(
        self,
        folder: Path,
        *,
        nodes: int = 2,
        cpus: int = 4,
        memory: int = 4000,
        min_job_age: int = 300,
    ) -> None:
        if len(str(folder)) > 70:
            raise ValueError(f"the path is too long for a socket in it: {folder}")
        self.folder = folder
        self.names = [f"node{number}" for number in range(1, nodes + 1)]
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        path = os.pathsep.join([os.environ["PATH"], *SBIN])
        self.env = {"SLURM_CONF": f"{folder}/slurm.conf", "PATH": path}
        for name in ("state", "spool", "log", "refusing"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        self._write_config(cpus, memory, min_job_age)

    def _write_config(self, cpus: int, memory: int, min_job_age: int) -> None:
        ports = free_ports(len(self.names) + 1)
        text = CONFIG.format(folder=self.folder, port=ports[0], min_job_age=min_job_age)
        for name, port in zip(self.names, ports[1:], strict=True):
            text += NODE.format(name=name, port=port, cpus=cpus, memory=memory)
        (self.folder / "slurm.conf").write_text(text + PARTITIONS)
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\n")
        (self.folder / "env.sh").write_text(f"export SLURM_CONF={self.folder}/slurm.conf\n")
        prolog = self.folder / "prolog.sh"
        prolog.write_text(PROLOG.format(folder=self.folder))
        prolog.chmod(0o755)
        key = self.folder / "munge.key"
        key.touch(mode=0o600)
        key.write_bytes(os.urandom(128))

    def start(self) -> None:
        """Start all of it, and wait until every node takes jobs."""
        names = ("munge.key", "munge.sock", "munged.pid", "munged.log", "munge.seed")
        key, sock, pid, log, seed = (str(self.folder / name) for name in names)
        options = [f"--key-file={key}", f"--socket={sock}", f"--pid-file={pid}"]
        options += [f"--log-file={log}", f"--seed-file={seed}", "--force", "--foreground"]
        self._start("munged", ["munged", *options])
        wait_until("munge answers", lambda: self.call("munge", "-S", sock, "-n").returncode == 0)
        self.start_controller()
        for name in self.names:
            self.start_node(name)
        self.wait_for_nodes()

    def start_controller(self) -> None:
        self._start("slurmctld", ["slurmctld", "-D"])
        wait_until("the controller is up", lambda: "UP" in self.call("scontrol", "ping").stdout)

    def stop_controller(self) -> None:
        self._stop("slurmctld", signal.SIGTERM)

    def start_node(self, name: str, without: Path | None = None) -> None:
        """Start a node, which does not mount the folder ``without``."""
        (self.folder / "spool" / name).mkdir(exist_ok=True)
        command = ["slurmd", "-D", "-N", name]
        if without:
            script = 'mount -t tmpfs none "$0" && exec slurmd -D -N "$1"'
            command = ["unshare", "--mount", "sh", "-c", script, str(without), name]
        self._start(name, command)

    @contextlib.contextmanager
    def not_mounted(self, folder: Path, node: str) -> Iterator[None]:
        """A node does not see a folder."""
        self._stop(node, signal.SIGTERM)
        self.start_node(node, without=folder)
        self.wait_for_nodes()
        try:
            yield
        finally:
            self._stop(node, signal.SIGTERM)
            self.start_node(node)
            self.wait_for_nodes()

    @contextlib.contextmanager
    def refusing(self, node: str) -> Iterator[None]:
        """A node's prolog fails."""
        mark = self.folder / "refusing" / node
        mark.touch()
        try:
            yield
        finally:
            mark.unlink()
            self.wait_for_nodes()

    def wait_for_nodes(self) -> None:
        """Wait until every node takes jobs, also one that was lost."""

        def all_up() -> bool:
            shown = self.call("sinfo", "-h", "-N", "-p", "main", "-o", "%N %T").stdout
            states = dict(line.split() for line in shown.splitlines())
            for name, state in states.items():
                if state.startswith(("down", "drain")):
                    self.call("scontrol", "update", f"nodename={name}", "state=resume")
            up = [name for name in self.names if states.get(name) in ("idle", "mixed", "allocated")]
            return len(up) == len(self.names)

        wait_until("all nodes are up", all_up)

    def kill_node(self, name: str) -> None:
        """Let a node die with all that runs on it, as when its power fails."""
        self._stop(name, signal.SIGKILL)
        for pid in list(self._processes_of_jobs(name)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def _processes_of_jobs(self, node: str) -> Iterator[int]:
        """The steps of the cluster's jobs on a node, and what these started."""
        steps = {
            file.name.partition("_")[2] for file in (self.folder / "spool" / node).glob(f"{node}_*")
        }
        parents: dict[int, int] = {}
        roots = set()
        for pid, parent, command in processes():
            parents[pid] = parent
            is_step = command.startswith("slurmstepd: [") and self._is_ours(pid)
            if is_step and any(f"[{step.rpartition('.')[0]}." in command for step in steps):
                roots.add(pid)
        for pid in parents:
            up: int | None = pid
            while up and up not in roots:
                up = parents.get(up)
            if up:
                yield pid

    def _is_ours(self, pid: int) -> bool:
        try:
            words = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        except OSError:
            return False
        return f"SLURM_CONF={self.folder}/slurm.conf".encode() in words

    @contextlib.contextmanager
    def all_nodes_taken(self) -> Iterator[None]:
        """What is submitted meanwhile waits, however fast the machine is."""
        options = ("--parsable", f"--nodes={len(self.names)}", "--exclusive", "--output=/dev/null")
        job = self.call("sbatch", *options, "--wrap", "sleep 600").stdout.strip()

        def state() -> str:
            return self.call("squeue", "-h", "-j", job, "-o", "%T").stdout.strip()

        try:
            wait_until("all nodes are taken", lambda: state() == "RUNNING")
            yield
        finally:
            self.call("scancel", job)
            wait_until("the nodes are free", lambda: state() not in ("RUNNING", "COMPLETING"))

    def call(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Call one of Slurm's programs."""
        return subprocess.run(
            command,
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    def jobs(self) -> list[str]:
        """The jobs that wait or run."""
        return self.call("squeue", "-h", "-o", "%i").stdout.split()

    def stop(self) -> None:
        """End every job, then every daemon."""
        if "slurmctld" in self._daemons:
            if jobs := self.jobs():
                self.call("scancel", *jobs)
            with contextlib.suppress(TimeoutError):
                wait_until("no job is left", lambda: not self.jobs(), 20)
        for name in [*self.names, "slurmctld", "munged"]:
            self._stop(name, signal.SIGTERM)

    def _start(self, name: str, command: list[str]) -> None:
        program = shutil.which(command[0], path=self.env["PATH"]) or command[0]
        with (self.folder / "log" / f"{name}.log").open("ab") as log:
            self._daemons[name] = subprocess.Popen(
                [program, *command[1:]],
                env={**os.environ, **self.env},
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _stop(self, name: str, number: signal.Signals) -> None:
        process = self._daemons.pop(name, None)
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=20)


def free_ports(count: int) -> list[int]:
    """Ports that nothing listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def processes() -> Iterator[tuple[int, int, str]]:
    """Each process with its parent and its command."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                parent = entry.joinpath("stat").read_text().rpartition(")")[2].split()[1]
                command = entry.joinpath("cmdline").read_bytes().replace(b"\0", b" ").decode()
                yield int(entry.name), int(parent), command.strip()


def main() -> None:
    reason = why_not()
    if reason:
        sys.exit(reason)
    cluster = Cluster(Path(sys.argv[1]).resolve())
    try:
        cluster.start()
        ends = {signal.SIGINT, signal.SIGTERM}
        signal.pthread_sigmask(signal.SIG_BLOCK, ends)  # or they would end this, and no daemon
        print(f"ready: . {cluster.folder}/env.sh", flush=True)
        signal.sigwait(ends)
    finally:
        cluster.stop()


if __name__ == "__main__":
    main()
