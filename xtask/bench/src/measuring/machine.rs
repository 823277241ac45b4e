//! Where it was measured, and which core does what.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, ensure};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};
use serde_json::{Value, json};
use time::{Date, OffsetDateTime};

/// The machine of a run.
pub(crate) struct Machine {
    processor: String,
    cores: usize,
    kernel: String,
    rustc: String,
    date: Date,
    /// Programs that ran or wanted to when the bench began, by the kernel's average of the last minute.
    load: String,
}

impl Machine {
    pub(crate) fn here() -> Result<Self> {
        let read = |file: &str| fs::read_to_string(file).with_context(|| format!("reading {file}"));
        let cpus = read("/proc/cpuinfo")?;
        let processor = cpus
            .lines()
            .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
            .map_or("unknown processor", |(_, model)| model);
        let rustc = Command::new("rustc").arg("--version").output()?;
        let rustc = String::from_utf8_lossy(&rustc.stdout).into_owned();
        let first_word = |text: String| text.split(' ').next().unwrap_or_default().to_owned();
        Ok(Self {
            processor: processor.to_owned(),
            cores: cores()?.len(),
            kernel: read("/proc/sys/kernel/osrelease")?.trim().to_owned(),
            rustc: rustc.split(' ').nth(1).unwrap_or("unknown").to_owned(),
            date: OffsetDateTime::now_utc().date(),
            load: first_word(read("/proc/loadavg")?),
        })
    }

    pub(crate) fn to_json(&self) -> Value {
        json!({
            "processor": self.processor,
            "cores": self.cores,
            "kernel": self.kernel,
            "rustc": self.rustc,
            "date": self.date.to_string(),
            "load_before": self.load,
        })
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}, {} cores of {}, Linux {}, rustc {}, load before the run {}",
            self.date, self.cores, self.processor, self.kernel, self.rustc, self.load
        )
    }
}

/// The cores of each server, and those of the client.
pub(crate) struct Cores {
    pub(crate) server: Vec<usize>,
    pub(crate) client: Vec<usize>,
}

impl Cores {
    /// A core for each of `workers`, and the others for the client; all for both where that leaves none.
    pub(crate) fn for_workers(workers: usize) -> Result<Self> {
        let all = cores()?;
        ensure!(
            all.len() >= 2,
            "a server and its client need a core each, and there is only one"
        );
        let (server, client) = match all.split_at_checked(workers) {
            Some((server, client)) if !client.is_empty() => (server, client),
            _ => (&all[..], &all[..]),
        };
        Ok(Self {
            server: server.to_vec(),
            client: client.to_vec(),
        })
    }

    /// Whether server and client have to share.
    pub(crate) fn are_shared(&self) -> bool {
        self.server == self.client
    }
}

/// Runs `work` on these cores, and all threads and programs that it starts.
pub(crate) fn on_cores<T: Send>(
    cores: &[usize],
    work: impl FnOnce() -> Result<T> + Send,
) -> Result<T> {
    thread::scope(|scope| {
        // In a thread of its own, as what is started inherits the cores of the thread that starts it.
        let worker = scope.spawn(|| {
            let mut only = CpuSet::new();
            cores.iter().for_each(|core| only.set(*core));
            sched_setaffinity(None, &only).context("choosing cores")?;
            work()
        });
        match worker.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Lets this program, and those that it starts, have `count` files and connections open.
pub(crate) fn allow_open_files(count: u64) -> Result<()> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current.is_none_or(|current| current >= count) {
        return Ok(());
    }
    ensure!(
        maximum.is_none_or(|maximum| maximum >= count),
        "{count} open files are needed, and this user may have {}: raise `ulimit -Hn`",
        maximum.unwrap_or_default()
    );
    let current = Some(count);
    Ok(setrlimit(Resource::Nofile, Rlimit { current, maximum })?)
}

/// The CPU seconds, of user and system, that `root` and the processes under it have used.
pub(crate) fn cpu_seconds(root: u32) -> Result<f64> {
    let ticks: u64 = tree(root)?.into_iter().map(|(_, ticks)| ticks).sum();
    Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// The memory of `root` and the processes under it, in KiB: what they share is counted once (Pss, proc(5)).
pub(crate) fn pss_kib(root: u32) -> Result<f64> {
    let mut sum = 0;
    for (pid, _) in tree(root)? {
        let file = format!("/proc/{pid}/smaps_rollup");
        let text = fs::read_to_string(&file).with_context(|| format!("reading {file}"))?;
        let pss = text.lines().find_map(|line| line.strip_prefix("Pss:"));
        let pss = pss.and_then(|rest| rest.trim().strip_suffix(" kB"));
        let kib: u64 = pss.context("no Pss in smaps_rollup")?.parse()?;
        sum += kib;
    }
    Ok(sum as f64)
}

/// `root` and the processes under it, with the clock ticks that each has used.
fn tree(root: u32) -> Result<Vec<(u32, u64)>> {
    let mut ticks_of = HashMap::new();
    let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
    for entry in fs::read_dir("/proc")? {
        let Some(pid) = entry?
            .file_name()
            .to_str()
            .and_then(|name| name.parse().ok())
        else {
            continue;
        };
        // A process may end meanwhile.
        let Ok(stat) = fs::read_to_string(format!("/proc/{pid}/stat")) else {
            continue;
        };
        if let Some((parent, ticks)) = parent_and_ticks(&stat) {
            ticks_of.insert(pid, ticks);
            children.entry(parent).or_default().push(pid);
        }
    }
    ensure!(ticks_of.contains_key(&root), "the server has ended");
    let mut tree = Vec::new();
    let mut pending = vec![root];
    while let Some(pid) = pending.pop() {
        tree.push((pid, ticks_of.get(&pid).copied().unwrap_or_default()));
        pending.extend(children.remove(&pid).unwrap_or_default());
    }
    Ok(tree)
}

/// From a line of /proc/PID/stat (proc(5)): fields 4, and 14 and 15 together.
fn parent_and_ticks(stat: &str) -> Option<(u32, u64)> {
    // Field 2 is the name in parentheses, which may hold spaces and parentheses itself.
    let fields: Vec<_> = stat.rsplit_once(") ")?.1.split(' ').collect();
    let field = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some((u32::try_from(field(4)?).ok()?, field(14)? + field(15)?))
}

/// The cores that this program may use.
fn cores() -> Result<Vec<usize>> {
    let allowed = sched_getaffinity(None)?;
    Ok((0..CpuSet::MAX_CPU)
        .filter(|core| allowed.is_set(*core))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::parent_and_ticks;

    #[test]
    fn a_process_name_may_look_like_fields() {
        let stat = "42 (a) S 9 (b)) S 7 42 42 0 -1 4194560 1 2 3 4 150 25 0 0 20 0 1 0 100 0 0";
        assert_eq!(parent_and_ticks(stat), Some((7, 175)));
        assert_eq!(parent_and_ticks("42 (a"), None);
    }
}
