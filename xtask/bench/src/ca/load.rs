//! Many requesters at once: how much they get done in a second, and how long one waits at half of that.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

/// How many ask at a time, each on a connection of its own.
const REQUESTERS: usize = 32;

/// How much was done in which time.
pub(crate) struct Done {
    operations: u32,
    seconds: f64,
}

impl Done {
    pub(crate) fn operations(&self) -> f64 {
        f64::from(self.operations)
    }

    pub(crate) fn per_second(&self) -> f64 {
        self.operations() / self.seconds
    }
}

/// What a requester does once.
pub(crate) type Asking<'a> = Box<dyn FnMut() -> Result<()> + 'a>;

/// All requesters together, each asking again as soon as it has its answer. `requester` gives the one of this number.
pub(crate) fn rate<'a>(
    requester: impl Fn(usize) -> Result<Asking<'a>> + Sync,
    span: Duration,
) -> Result<Done> {
    let start = Instant::now();
    let counts = each_requester(|slot| {
        let mut ask = requester(slot)?;
        let mut count = 0_u32;
        while start.elapsed() < span {
            ask()?;
            count += 1;
        }
        Ok(count)
    })?;
    Ok(Done {
        operations: counts.iter().sum(),
        seconds: start.elapsed().as_secs_f64(),
    })
}

/// All requesters together, each asking so many `times`. How often that is.
pub(crate) fn exactly<'a>(
    requester: impl Fn(usize) -> Result<Asking<'a>> + Sync,
    times: u64,
) -> Result<u64> {
    let counts = each_requester(|slot| {
        let mut ask = requester(slot)?;
        (0..times).try_for_each(|_| ask())?;
        Ok(times)
    })?;
    Ok(counts.iter().sum())
}

/// The milliseconds that each request takes while `rate` of them come in a second, evenly: counted from when it was
/// due, so that a pause of the server counts for all that came meanwhile.
pub(crate) fn latencies<'a>(
    requester: impl Fn(usize) -> Result<Asking<'a>> + Sync,
    rate: f64,
    span: Duration,
) -> Result<Vec<f64>> {
    let start = Instant::now();
    let requesters = f64::from(u32::try_from(REQUESTERS).context("a few")?);
    let interval = requesters / rate;
    let waits = each_requester(|slot| {
        let mut ask = requester(slot)?;
        let mut waits = Vec::new();
        let mut due = interval * f64::from(u32::try_from(slot)?) / requesters;
        while due < span.as_secs_f64() {
            let at = start + Duration::from_secs_f64(due);
            thread::sleep(at.saturating_duration_since(Instant::now()));
            ask()?;
            waits.push(at.elapsed().as_secs_f64() * 1e3);
            due += interval;
        }
        Ok(waits)
    })?;
    Ok(waits.into_iter().flatten().collect())
}

/// The value below which `percent` of `waits` lie; not a number where there are none.
pub(crate) fn percentile(waits: &mut [f64], percent: usize) -> f64 {
    waits.sort_by(f64::total_cmp);
    let last = waits.len().saturating_sub(1);
    waits.get(last * percent / 100).copied().unwrap_or(f64::NAN)
}

/// What each of the requesters has done, all at once.
fn each_requester<T: Send>(work: impl Fn(usize) -> Result<T> + Sync) -> Result<Vec<T>> {
    let results = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for slot in 0..REQUESTERS {
            let (work, results) = (&work, &results);
            scope.spawn(move || {
                let result = work(slot);
                if let Ok(mut results) = results.lock() {
                    results.push(result);
                }
            });
        }
    });
    let results = results
        .into_inner()
        .map_err(|_| anyhow!("a requester panicked"))?;
    results.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let mut waits: Vec<f64> = (0..101).rev().map(f64::from).collect();
        for (percent, value) in [(0, 0.0), (50, 50.0), (99, 99.0), (100, 100.0)] {
            assert_eq!(percentile(&mut waits, percent), value);
        }
        assert!(percentile(&mut [], 50).is_nan());
    }
}
