#!/bin/sh
# Run a command at a real Grid Engine of one node, from Debian's packages, that ends with it:
#
#   unshare --mount --net --uts --pid --fork --kill-child --mount-proc \
#     sh grid_engine.sh FOLDER COMMAND...
#
# The master listens on all addresses, and wants its machine to have one name: so it has a network
# and a name of its own. What it writes is in FOLDER, which is empty at first.
set -eu
folder=$1
shift
mount --make-rprivate /
ip link set lo up
hostname sge1
echo "127.0.0.1 sge1" > "$folder/hosts"
mount --bind "$folder/hosts" /etc/hosts
cp -a /var/lib/gridengine/default "$folder/cell"
cp -a /var/spool/gridengine "$folder/spool"
mount --bind "$folder/cell" /var/lib/gridengine/default
mount --bind "$folder/spool" /var/spool/gridengine
echo sge1 > /var/lib/gridengine/default/common/act_qmaster

wait_for() { # What, then a command that ends well when it is there.
  what=$1
  shift
  for _ in $(seq 300); do
    if "$@" > "$folder/answer" 2>&1; then return; fi
    sleep 0.2
  done
  echo "$what did not come:" >&2
  cat "$folder/answer" "$folder"/*.log >&2
  exit 70
}

SGE_ND=1 sge_qmaster > "$folder/qmaster.log" 2>&1 &
wait_for "the master" qconf -sh
mkdir "$folder/settings"
cd "$folder/settings"
{
  qconf -as sge1
  qconf -sconf | sed 's/^\(m[a-z]*_[ug]id\) .*/\1 0/' > global # jobs of root
  qconf -Mconf global
  printf '%s\n' 'pe_name smp' 'slots 99' 'user_lists NONE' 'xuser_lists NONE' \
    'start_proc_args /bin/true' 'stop_proc_args /bin/true' 'allocation_rule $pe_slots' \
    'control_slaves FALSE' 'job_is_first_task TRUE' 'urgency_slots min' \
    'accounting_summary FALSE' 'qsort_args NONE' > pe
  qconf -Ap pe
  # Without thresholds, for else a machine that is busy with other things starts no job.
  qconf -sq | sed 's/^qname .*/qname all.q/; s/^hostlist .*/hostlist sge1/; s/^slots .*/slots 8/
    s/^pe_list .*/pe_list smp/; s#^shell .*#shell /bin/sh#; s/^load_thresholds .*/load_thresholds NONE/
    s/^shell_start_mode .*/shell_start_mode unix_behavior/' > queue
  qconf -Aq queue
  qconf -ssconf | sed 's/^schedule_interval .*/schedule_interval 0:0:1/
    s/^\(flush_[a-z]*_sec\) .*/\1 1/; s/^job_load_adjustments .*/job_load_adjustments NONE/' > scheduler
  qconf -Msconf scheduler
} > "$folder/settings.log" 2>&1
SGE_ND=1 sge_execd > "$folder/execd.log" 2>&1 &
is_up() { qstat -f | grep -q '^all.q@sge1 .* lx-amd64 *$'; }
wait_for "the node" is_up
cd "$OLDPWD"
"$@"
