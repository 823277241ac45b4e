//! What a soak of renewals has shown, and whether that is good.

use super::device::Told;
use super::plan::Plan;
use crate::pump::Done;
use crate::verdict::Point;

/// All that was counted.
#[derive(Default)]
pub(super) struct Seen {
    answered: usize,
    failed: Vec<String>,
    devices: Vec<Told>,
    /// Certificates of the devices that are in the store.
    issued: usize,
}

impl Seen {
    pub(super) fn new(load: Vec<Done>, devices: Vec<Told>, issued: usize) -> Self {
        let mut seen = Self {
            devices,
            issued,
            ..Self::default()
        };
        for done in load {
            seen.answered += done.took.len();
            seen.failed.extend(done.failed);
        }
        seen
    }
}

/// Judges.
pub(super) fn points(seen: &Seen, plan: &Plan) -> Vec<Point> {
    let mut points = vec![
        Point {
            name: "requests across rotations",
            outcome: requests(seen),
        },
        Point {
            name: "certificates in the store",
            outcome: issued(seen),
        },
    ];
    points.extend(seen.devices.iter().map(|told| Point {
        name: told.name,
        outcome: rotated(told, plan),
    }));
    points
}

fn requests(seen: &Seen) -> Result<String, String> {
    let (answered, failed) = (seen.answered, seen.failed.len());
    match seen.failed.first() {
        Some(first) => Err(format!(
            "{failed} failed beside {answered} answered, the first by {first}"
        )),
        None if answered == 0 => Err("none was answered".to_owned()),
        None => Ok(format!("{answered} answered, none failed")),
    }
}

/// What the CA has issued is what the devices have: it was killed, and nothing is lost or issued twice.
fn issued(seen: &Seen) -> Result<String, String> {
    let had: u64 = seen.devices.iter().map(|told| 1 + told.rotations).sum();
    let said = format!("{} issued, {had} in use one after the other", seen.issued);
    match usize::try_from(had) {
        Ok(had) if had == seen.issued => Ok(said),
        _ => Err(said),
    }
}

fn rotated(told: &Told, plan: &Plan) -> Result<String, String> {
    let Told {
        rotations,
        failures,
        last,
        ..
    } = told;
    let least = plan.least_rotations();
    if *rotations < least {
        return Err(format!("{rotations} rotations, and not {least}: {last}"));
    }
    if *failures == 0 {
        return Err("the CA was never away when it was needed".to_owned());
    }
    Ok(format!(
        "{rotations} rotations; {failures} attempts while the CA was away"
    ))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn each_point_fails_by_its_own_figure_alone() {
        let plan = Plan::within(Duration::from_secs(300));
        let good = || Seen {
            answered: 1,
            failed: Vec::new(),
            devices: vec![Told {
                name: "client",
                rotations: 5,
                failures: 1,
                last: String::new(),
            }],
            issued: 6,
        };
        let failed = |seen: &Seen| {
            let points = points(seen, &plan).into_iter();
            let failed = points.filter(|point| point.outcome.is_err());
            failed.map(|point| point.name).collect::<Vec<_>>()
        };
        assert!(failed(&good()).is_empty());
        type Spoil = fn(&mut Seen);
        let cases: [(&[&str], Spoil); 6] = [
            (&["requests across rotations"], |seen| seen.answered = 0),
            (&["requests across rotations"], |seen| {
                seen.failed.push("x".to_owned())
            }),
            (&["certificates in the store"], |seen| seen.issued = 7),
            (&["certificates in the store"], |seen| seen.issued = 5),
            (&["client"], |seen| seen.devices[0].failures = 0),
            (&["client"], |seen| {
                seen.devices[0].rotations = 4;
                seen.issued = 5;
            }),
        ];
        for (name, spoil) in cases {
            let mut seen = good();
            spoil(&mut seen);
            assert_eq!(failed(&seen), name);
        }
    }
}
