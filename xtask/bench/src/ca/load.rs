//! Many requesters at once: how many certificates a second, and how long one waits at half of that.

use std::sync::Mutex;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};

use super::plain_http::{Connection, Request};

/// How many ask at a time, each on a connection of its own.
pub(super) const REQUESTERS: usize = 32;

/// Certificates a second by all requesters together, each asking again as soon as it has its answer.
pub(super) fn rate(port: u16, request: &Request, span: Duration) -> Result<f64> {
    let start = Instant::now();
    let counts = each_requester(|_| {
        let mut connection = Connection::open(port)?;
        let mut count = 0_u32;
        while start.elapsed() < span {
            connection.ask(request)?;
            count += 1;
        }
        Ok(count)
    })?;
    let all: u32 = counts.iter().sum();
    Ok(f64::from(all) / start.elapsed().as_secs_f64())
}

/// The milliseconds that each request takes while `rate` of them come in a second, evenly: counted from when it was
/// due, so that a pause of the server counts for all that came meanwhile.
pub(super) fn latencies(
    port: u16,
    request: &Request,
    rate: f64,
    span: Duration,
) -> Result<Vec<f64>> {
    let start = Instant::now();
    let requesters = f64::from(u32::try_from(REQUESTERS).context("a few")?);
    let interval = requesters / rate;
    let waits = each_requester(|slot| {
        let mut connection = Connection::open(port)?;
        let mut waits = Vec::new();
        let mut due = interval * f64::from(u32::try_from(slot)?) / requesters;
        while due < span.as_secs_f64() {
            let at = start + Duration::from_secs_f64(due);
            thread::sleep(at.saturating_duration_since(Instant::now()));
            connection.ask(request)?;
            waits.push(at.elapsed().as_secs_f64() * 1e3);
            due += interval;
        }
        Ok(waits)
    })?;
    Ok(waits.into_iter().flatten().collect())
}

/// The value below which `percent` of `waits` lie; not a number where there are none.
pub(super) fn percentile(waits: &mut [f64], percent: usize) -> f64 {
    waits.sort_by(f64::total_cmp);
    let last = waits.len().saturating_sub(1);
    waits.get(last * percent / 100).copied().unwrap_or(f64::NAN)
}

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
