//! Where it was measured, and which core does what.

use std::collections::HashMap;
use std::fmt;
use std::fs;
use std::process::Command;
use std::thread;

use anyhow::{Context, Result, bail, ensure};
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

/// One core for the servers and another for the client.
#[derive(Clone, Copy)]
pub(crate) struct Cores {
    pub(crate) server: usize,
    pub(crate) client: usize,
}

impl Cores {
    pub(crate) fn two() -> Result<Self> {
        match cores()?[..] {
            [server, client, ..] => Ok(Self { server, client }),
            _ => bail!("a server and its client need a core each, and there is only one"),
        }
    }
}

/// Runs `work` on one core, and all threads and programs that it starts.
pub(crate) fn on_core<T: Send>(core: usize, work: impl FnOnce() -> Result<T> + Send) -> Result<T> {
    thread::scope(|scope| {
        // In a thread of its own, as what is started inherits the cores of the thread that starts it.
        let worker = scope.spawn(|| {
            let mut only = CpuSet::new();
            only.set(core);
            sched_setaffinity(None, &only).context("choosing a core")?;
            work()
        });
        match worker.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// The CPU seconds, of user and system, that `root` and the processes under it have used.
pub(crate) fn cpu_seconds(root: u32) -> Result<f64> {
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
    let mut ticks = 0;
    let mut tree = vec![root];
    while let Some(pid) = tree.pop() {
        ticks += ticks_of.get(&pid).copied().unwrap_or_default();
        tree.extend(children.remove(&pid).unwrap_or_default());
    }
    Ok(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
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
